//! Why can a database not be used, and may that pass by itself?

use earmark_store::migrations::SchemaError;

use crate::error::DatabaseError;

/// Why a database cannot be used, for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers.
    #[error("the database is away: {0}")]
    Away(String),
    /// It answers, but takes no writes.
    #[error("no host of {0} takes writes: all are standbys or read-only")]
    ReadOnly(String),
    /// It does not let us in.
    #[error("the database does not let us in: {0}")]
    Denied(String),
    /// The server is older than what is tested.
    #[error("{found} is too old: PostgreSQL 15 or newer is needed")]
    TooOld {
        /// What it calls itself.
        found: String,
    },
    /// Its schema is not one that this version may write to.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// Something in it is not as it should be.
    #[error("the database cannot be used: {0}")]
    Unusable(String),
}

impl OpenError {
    /// Whether it may pass without anyone changing how we were started.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Away(_) | Self::ReadOnly(_))
    }
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        let ends_session = error.ends_session();
        let text = earmark_store::StoreError::from(error).to_string();
        if ends_session { Self::Away(text) } else { Self::Unusable(text) }
    }
}

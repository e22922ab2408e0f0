//! Why can a database not be used, and may that pass by itself?

use earmark_store::migrations::SchemaError;

use crate::error::DatabaseError;

/// Why a database cannot be used. The texts are for operators.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database is away: {0}")]
    Away(String),
    /// A host answers, but none takes writes.
    #[error("no host of {0} takes writes: all are standbys or read-only")]
    ReadOnly(String),
    /// The password, the user or the name of the database is wrong.
    #[error("the database does not let us in: {0}")]
    Denied(String),
    /// The server is older than the oldest that is tested.
    #[error("{found} is too old: PostgreSQL 15 or newer is needed")]
    TooOld { found: String },
    /// Its schema is not one that this version may use.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// TLS cannot be set up, for instance because the file of root certificates is missing.
    #[error("TLS: {0}")]
    Tls(String),
    /// Something else in it is not as it should be.
    #[error("the database cannot be used: {0}")]
    Unusable(String),
}

impl OpenError {
    /// Whether it may pass without a change to the configuration, so that it is worth trying again.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Away(_) | Self::ReadOnly(_))
    }
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        let ends_session = error.ends_session();
        let text = earmark_store::StoreError::from(error).to_string();
        if ends_session { Self::Away(text) } else { Self::Unusable(text) }
    }
}

//! Why can a database not be opened?

use std::path::PathBuf;

use earmark_store::migrations::SchemaError;

use crate::error::DatabaseError;

/// Why a database could not be opened, for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{path} is in use by another process; one server at a time may open it")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A file cannot be opened.
    #[error("cannot open {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its schema is not one that this version may write to.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// This SQLite can damage the file.
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed")]
    OldSqlite {
        /// Its version.
        found: &'static str,
    },
    /// A setting does not hold.
    #[error("SQLite did not take the setting {name}: it is {value}")]
    Setting {
        /// Which one.
        name: &'static str,
        /// What it is instead.
        value: String,
    },
    /// Something in it cannot be read.
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
    /// SQLite's own error.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Sql(error) => Self::Sqlite(error),
            other => Self::Unreadable(earmark_store::StoreError::from(other).to_string()),
        }
    }
}

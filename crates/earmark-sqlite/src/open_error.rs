//! Why can a database not be opened?

use std::path::PathBuf;

use earmark_store::migrations::SchemaError;

use crate::error::DatabaseError;

/// Why a database could not be opened. The texts are for operators.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has opened it.
    #[error("{path} is in use by another process; one server at a time may open it")]
    InUse { path: PathBuf },
    /// The database or its lock cannot be opened.
    #[error("cannot open {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// Its schema is not one that this version may write to.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// This version of SQLite can damage the file.
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed")]
    OldSqlite { found: &'static str },
    /// A setting of the connection does not hold.
    #[error("SQLite did not take the setting {name}: it is {value}")]
    Setting { name: &'static str, value: String },
    /// A stored value cannot be read.
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
    /// An error that SQLite gave.
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

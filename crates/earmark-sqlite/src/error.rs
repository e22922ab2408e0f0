//! What does an error of SQLite mean for the batch?
//!
//! Within this crate errors are [`DatabaseError`]s. At its border they become [`StoreError`]s,
//! which say whether something was saved.

use earmark_store::StoreError;
use rusqlite::ErrorCode;

/// The result of what this crate does with the database.
pub(crate) type Result<T, E = DatabaseError> = std::result::Result<T, E>;

/// An error within this crate. None of them comes from a COMMIT: the engine maps that one itself.
#[derive(Debug)]
pub(crate) enum DatabaseError {
    /// An error that SQLite gave.
    Sql(rusqlite::Error),
    /// A stored value that this program never writes.
    Damaged(String),
    /// A row is not at the version that was loaded.
    Conflict(String),
    /// The thread that should have done it has ended.
    Gone(&'static str),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for DatabaseError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(what) => Self::Conflict(what),
            StoreError::Damaged(why) => Self::Damaged(why),
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl DatabaseError {
    /// A value that breaks the rules of its type.
    pub(crate) fn damaged(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Damaged(format!("{what}: {why}"))
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged(why) => Self::Damaged(why),
            DatabaseError::Conflict(what) => Self::Conflict(what),
            DatabaseError::Gone(what) => Self::Unavailable(what.to_owned()),
            DatabaseError::Sql(error) => sql(&error),
        }
    }
}

fn sql(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch => StoreError::Refused(text),
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged(text),
            _ => StoreError::Unavailable(text),
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::Utf8Error(..) => StoreError::Damaged(text),
        _ => StoreError::Unavailable(text),
    }
}

//! What does an error of PostgreSQL mean for the batch?
//!
//! Within this crate errors are [`DatabaseError`]s. At its border they become [`StoreError`]s,
//! which say whether something was saved.

use earmark_store::StoreError;
use tokio_postgres::error::SqlState;

/// The result of what this crate does with the database.
pub(crate) type Result<T, E = DatabaseError> = std::result::Result<T, E>;

/// An error within this crate. An error of a COMMIT is among them only if it is definite: what
/// others mean is decided in `outcome.rs`.
#[derive(Debug)]
pub(crate) enum DatabaseError {
    /// An error of the server or of the connection.
    Sql(tokio_postgres::Error),
    /// A stored value that this program never writes.
    Damaged(String),
    /// A row is not at the version that was loaded.
    Conflict(String),
    /// No connection, or none in time.
    Away(String),
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
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

impl From<deadpool_postgres::PoolError> for DatabaseError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => Self::Sql(error),
            error => Self::Away(error.to_string()),
        }
    }
}

impl DatabaseError {
    /// A value that breaks the rules of its type.
    pub(crate) fn damaged(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Damaged(format!("{what}: {why}"))
    }

    /// Whether a table is missing, because the schema is not there yet.
    pub(crate) fn is_missing_table(&self) -> bool {
        matches!(self, Self::Sql(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE))
    }

    /// Whether the connection is of no use any more: it is gone, or leads to a server that takes no
    /// writes.
    pub(crate) fn ends_session(&self) -> bool {
        match self {
            Self::Sql(error) => match error.code() {
                Some(code) => *code == SqlState::READ_ONLY_SQL_TRANSACTION || is_shutdown(code),
                None => true,
            },
            Self::Away(_) => true,
            Self::Damaged(_) | Self::Conflict(_) => false,
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged(why) => Self::Damaged(why),
            DatabaseError::Conflict(what) => Self::Conflict(what),
            DatabaseError::Away(why) => Self::Unavailable(why),
            DatabaseError::Sql(error) => sql(&error),
        }
    }
}

fn is_shutdown(code: &SqlState) -> bool {
    // Class 57: operator intervention. A cancelled statement leaves the connection whole.
    (code.code().starts_with("57") && *code != SqlState::QUERY_CANCELED)
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        || code.code().starts_with("08")
}

fn sql(error: &tokio_postgres::Error) -> StoreError {
    let text = describe(error);
    let Some(code) = error.code() else {
        // The connection broke, and the transaction with it. On a new one the batch is decided
        // again.
        return StoreError::Conflict(text);
    };
    // A key that exists was absent when it was loaded: another node was first.
    let conflicts =
        [SqlState::UNIQUE_VIOLATION, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    if conflicts.contains(code) || is_shutdown(code) {
        return StoreError::Conflict(text);
    }
    match code.code().get(..2) {
        // Data, integrity, statements that do not fit the schema, program limits: mistakes in this
        // program.
        Some("22" | "23" | "42" | "54") => StoreError::Refused(text),
        Some("XX") if *code != SqlState::INTERNAL_ERROR => StoreError::Damaged(text),
        _ => StoreError::Unavailable(text),
    }
}

/// The error as a text, with that of the server.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(server) => format!("{} (SQLSTATE {})", server.message(), server.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

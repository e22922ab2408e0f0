//! Which changes are never saved?

use crate::error::{DatabaseError, Result};

/// Refuses a count of changed rows other than one: the row is not at the version that was loaded.
pub(super) fn expect_one(count: usize, what: impl std::fmt::Display) -> Result<()> {
    if count == 1 { Ok(()) } else { Err(DatabaseError::Conflict(format!("{count} rows changed: {what}"))) }
}

/// Refuses to delete what is never deleted.
pub(super) fn never_deleted<T>(what: &str) -> Result<T> {
    Err(DatabaseError::Conflict(format!("{what} is never deleted")))
}

//! Which changes are never saved?

use earmark_core::BatchChanges;

use crate::error::{DatabaseError, Result};

/// Refuses changed items without an event. Other nodes would not read them again: their caches hold
/// as long as the number of the last event stays the same.
pub(super) fn items_need_events(changes: &BatchChanges) -> Result<()> {
    if changes.events.is_empty() && !(changes.items.is_empty() && changes.stocks.is_empty()) {
        return Err(DatabaseError::Damaged("items were to be changed without an event".to_owned()));
    }
    Ok(())
}

/// Refuses to delete what is never deleted.
pub(super) fn never_deleted<T>(what: &str) -> Result<T> {
    Err(DatabaseError::Conflict(format!("{what} is never deleted")))
}

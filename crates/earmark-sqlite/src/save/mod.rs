//! How are the changes of a batch written? Inserts where nothing was before; otherwise an update of the version that was loaded, and a count
//! other than one is [`DatabaseError::Conflict`]. Each kind has its file.

mod carts;
mod events;
mod idempotency;
mod items;
mod keys;
mod lines;
mod orders;
mod payments;
mod refunds;

use earmark_core::BatchChanges;
use rusqlite::Connection;

use crate::deferred::Deferred;
use crate::error::DatabaseError;

/// Writes all of it into the open transaction.
pub(crate) fn save(
    connection: &Connection,
    deferred: &mut Deferred,
    changes: &BatchChanges,
) -> Result<(), DatabaseError> {
    items::save(connection, &changes.items)?;
    items::save_stocks(connection, &changes.stocks)?;
    carts::save(connection, &changes.carts)?;
    orders::save(connection, deferred, changes)?;
    keys::save(connection, &changes.api_keys)?;
    idempotency::save(connection, deferred, &changes.idempotency)?;
    events::save(connection, &changes.events)
}

/// Refuses a count of changed rows other than one.
fn one(count: usize, what: impl std::fmt::Display) -> Result<(), DatabaseError> {
    if count == 1 { Ok(()) } else { Err(DatabaseError::Conflict(format!("{count} rows changed: {what}"))) }
}

/// Refuses to delete what is never deleted.
fn never_deleted<T>(what: &str) -> Result<T, DatabaseError> {
    Err(DatabaseError::Conflict(format!("{what} is never deleted")))
}

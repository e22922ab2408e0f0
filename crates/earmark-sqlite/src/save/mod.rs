//! How are the changes of a batch written? One statement for each row.
//!
//! A row that was absent is inserted; a row that was loaded is updated only if it still has the
//! version that was loaded. A statement that changes another number of rows than one is a
//! [`DatabaseError::Conflict`](crate::error::DatabaseError::Conflict). Each kind of row has its
//! file.

mod carts;
mod events;
mod idempotency;
mod items;
mod keys;
mod lines;
mod orders;
mod payments;
mod refunds;
mod refusals;

use earmark_core::BatchChanges;
use rusqlite::Connection;

use crate::deferred::Deferred;
use crate::error::Result;

/// Writes all of it into the open transaction.
pub(crate) fn save(connection: &Connection, deferred: &mut Deferred, changes: &BatchChanges) -> Result<()> {
    items::save(connection, &changes.items)?;
    items::save_stocks(connection, &changes.stocks)?;
    carts::save(connection, &changes.carts)?;
    orders::save(connection, deferred, changes)?;
    keys::save(connection, &changes.api_keys)?;
    idempotency::save(connection, deferred, &changes.idempotency)?;
    events::save(connection, &changes.events)
}

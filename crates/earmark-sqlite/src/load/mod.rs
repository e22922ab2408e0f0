//! How are the rows that a batch needs loaded? One by one: a look-up costs no round trip.
//!
//! Each kind of row has its file. A row that is not there is put in as absent.

mod carts;
mod idempotency;
mod items;
mod keys;
mod orders;

use earmark_core::{Keys, WorkingSet};
use rusqlite::Connection;

use crate::deferred::Deferred;
use crate::error::Result;

/// Loads every row that `keys` name.
pub(crate) fn load(
    connection: &Connection,
    deferred: &mut Deferred,
    keys: &Keys,
    rows: &mut WorkingSet,
) -> Result<()> {
    idempotency::load(connection, deferred, &keys.idempotency, rows)?;
    items::load(connection, &keys.items, rows)?;
    carts::load(connection, &keys.carts, rows)?;
    orders::load(connection, &keys.orders, rows)?;
    orders::load_references(connection, &keys.references, rows)?;
    keys::load(connection, &keys.api_keys, rows)
}

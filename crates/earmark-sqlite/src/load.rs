//! How are the rows that a batch needs loaded? One by one: a look-up costs no round trip. A row
//! that is not there is put in as absent.

use earmark_core::ids::OrderId;
use earmark_core::{Keys, WorkingSet};
use rusqlite::{Connection, OptionalExtension};

use crate::deferred::Deferred;
use crate::error::Result;
use crate::rows;

/// Loads every row that `keys` name into `loaded`.
pub(crate) fn load(
    connection: &Connection,
    deferred: &mut Deferred,
    keys: &Keys,
    loaded: &mut WorkingSet,
) -> Result<()> {
    for digest in &keys.idempotency {
        loaded.idempotency.put_loaded(*digest, deferred.load_idempotency(connection, digest)?);
    }
    for sku in &keys.items {
        let found = rows::items::find(connection, sku)?.map(|found| (found.item, found.stock));
        let (item, stock) = found.unzip();
        loaded.items.put_loaded(sku.clone(), item);
        loaded.stocks.put_loaded(sku.clone(), stock);
    }
    for id in &keys.carts {
        loaded.carts.put_loaded(*id, rows::carts::find(connection, *id)?);
    }
    for id in &keys.orders {
        loaded.orders.put_loaded(*id, rows::orders::find(connection, *id)?);
    }
    for reference in &keys.references {
        let mut statement = connection.prepare_cached("SELECT id FROM orders WHERE reference = ?1")?;
        let id: Option<[u8; 16]> = statement.query_row([reference.as_str()], |row| row.get(0)).optional()?;
        loaded.references.put_loaded(reference.clone(), id.map(OrderId::from_bytes));
    }
    for id in &keys.api_keys {
        loaded.api_keys.put_loaded(*id, rows::keys::find(connection, *id)?);
    }
    Ok(())
}

//! How do the rows that a batch names come in? Plain reads over arrays of keys, all in one round trip. Each kind has its file; a row that is not there
//! is put in as absent.

mod carts;
mod idempotency;
mod items;
mod keys;
mod orders;

use earmark_core::{Keys, WorkingSet};

use crate::connect::Session;
use crate::fault::Fault;

/// Loads every row that `keys` name.
pub(crate) async fn load(session: &Session, keys: &Keys, rows: &mut WorkingSet) -> Result<(), Fault> {
    let (used, items, carts, orders, references, api_keys) = tokio::try_join!(
        idempotency::find(session, &keys.idempotency),
        items::find(session, &keys.items),
        carts::find(session, &keys.carts),
        orders::find(session, &keys.orders),
        orders::find_references(session, &keys.references),
        keys::find(session, &keys.api_keys),
    )?;
    idempotency::put(used, &keys.idempotency, rows);
    items::put(items, &keys.items, rows);
    carts::put(carts, &keys.carts, rows);
    orders::put(orders, &keys.orders, rows);
    orders::put_references(&references, &keys.references, rows);
    keys::put(api_keys, &keys.api_keys, rows);
    Ok(())
}

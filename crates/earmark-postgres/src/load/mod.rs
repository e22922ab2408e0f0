//! How are the rows that a batch needs loaded? By plain reads over arrays of keys, all in one round
//! trip.
//!
//! Each kind of row has its file. A row that is not there is put in as absent.

mod carts;
mod idempotency;
mod items;
mod keys;
mod orders;

use std::collections::HashMap;

use earmark_core::carts::Cart;
use earmark_core::idempotency::IdempotencyRecord;
use earmark_core::ids::OrderId;
use earmark_core::keys::ApiKey;
use earmark_core::orders::Order;
use earmark_core::text::Reference;
use earmark_core::{Keys, WorkingSet};

use crate::cache::SharedItem;
use crate::error::Result;
use crate::session::Session;

/// The rows that were found for some keys.
pub(crate) struct Loaded {
    idempotency: Vec<IdempotencyRecord>,
    pub(crate) items: Vec<SharedItem>,
    carts: Vec<Cart>,
    orders: HashMap<OrderId, Order>,
    references: HashMap<Reference, OrderId>,
    api_keys: Vec<ApiKey>,
}

/// Finds every row that `keys` name.
pub(crate) async fn find(session: &Session, keys: &Keys) -> Result<Loaded> {
    let (idempotency, items, carts, orders, references, api_keys) = tokio::try_join!(
        idempotency::find(session, &keys.idempotency),
        items::find(session, &keys.items),
        carts::find(session, &keys.carts),
        orders::find(session, &keys.orders),
        orders::find_references(session, &keys.references),
        keys::find(session, &keys.api_keys),
    )?;
    Ok(Loaded { idempotency, items, carts, orders, references, api_keys })
}

impl Loaded {
    /// Puts them into `rows`, and as absent what else these keys name. They must be the keys that
    /// were searched for.
    pub(crate) fn put(self, keys: &Keys, rows: &mut WorkingSet) {
        idempotency::put(self.idempotency, &keys.idempotency, rows);
        items::put(self.items, &keys.items, rows);
        carts::put(self.carts, &keys.carts, rows);
        orders::put(self.orders, &keys.orders, rows);
        orders::put_references(&self.references, &keys.references, rows);
        keys::put(self.api_keys, &keys.api_keys, rows);
    }
}

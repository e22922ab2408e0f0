//! How are the rows that a batch needs loaded? By plain reads over arrays of keys, all in one round
//! trip. A row that is not there is put in as absent.

use std::collections::HashMap;
use std::sync::Arc;

use earmark_core::ids::OrderId;
use earmark_core::text::{Reference, Sku};
use earmark_core::{ApiKey, Cart, IdempotencyRecord, Keys, Order, WorkingSet};
use uuid::Uuid;

use crate::cache::SharedItem;
use crate::codec;
use crate::error::Result;
use crate::rows::{self, query};
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
    let digests: Vec<_> = keys.idempotency.iter().map(|digest| Uuid::from_bytes(*digest)).collect();
    let skus: Vec<_> = keys.items.iter().map(Sku::as_str).collect();
    let carts: Vec<_> = keys.carts.iter().map(|id| Uuid::from_u128(id.0)).collect();
    let orders: Vec<_> = keys.orders.iter().map(|id| Uuid::from_u128(id.0)).collect();
    let references: Vec<_> = keys.references.iter().map(Reference::as_str).collect();
    let api_keys: Vec<_> = keys.api_keys.iter().map(|id| Uuid::from_u128(id.0)).collect();
    let (idempotency, items, carts, orders, references, api_keys) = tokio::try_join!(
        rows::idempotency::find(session, &digests),
        rows::items::find(session, &skus),
        rows::carts::find(session, &carts),
        rows::orders::find(session, &orders),
        find_references(session, &references),
        rows::keys::find(session, &api_keys),
    )?;
    let items = items.into_iter().map(|found| (Arc::new(found.item), Arc::new(found.stock))).collect();
    Ok(Loaded { idempotency, items, carts, orders, references, api_keys })
}

async fn find_references(session: &Session, references: &[&str]) -> Result<HashMap<Reference, OrderId>> {
    if references.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT reference, order_id FROM order_references WHERE reference = ANY($1)";
    let found = query(session, sql, &[&references]).await?;
    let pairs = found.iter();
    pairs.map(|row| Ok((codec::text(row, 0, Reference::parse)?, OrderId(codec::bits(row, 1)?)))).collect()
}

impl Loaded {
    /// Puts them into `rows`, and as absent what else these keys name. They must be the keys that
    /// were searched for.
    pub(crate) fn put(mut self, keys: &Keys, rows: &mut WorkingSet) {
        for record in self.idempotency {
            rows.idempotency.put_loaded(record.digest, Some(record));
        }
        keys.idempotency.iter().for_each(|digest| rows.idempotency.put_loaded(*digest, None));
        for (item, stock) in self.items {
            let sku = item.sku.clone();
            rows.items.put_shared(&sku, item);
            rows.stocks.put_shared(&sku, stock);
        }
        for sku in &keys.items {
            if !rows.items.knows(sku) {
                rows.items.put_loaded(sku.clone(), None);
                rows.stocks.put_loaded(sku.clone(), None);
            }
        }
        for cart in self.carts {
            rows.carts.put_loaded(cart.id, Some(cart));
        }
        keys.carts.iter().for_each(|id| rows.carts.put_loaded(*id, None));
        keys.orders.iter().for_each(|id| rows.orders.put_loaded(*id, self.orders.remove(id)));
        for reference in &keys.references {
            rows.references.put_loaded(reference.clone(), self.references.get(reference).copied());
        }
        for key in self.api_keys {
            rows.api_keys.put_loaded(key.id, Some(key));
        }
        keys.api_keys.iter().for_each(|id| rows.api_keys.put_loaded(*id, None));
    }
}

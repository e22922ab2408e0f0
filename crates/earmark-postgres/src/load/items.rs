//! Loads items with their stock by SKU.

use std::collections::HashSet;
use std::sync::Arc;

use earmark_core::WorkingSet;
use earmark_core::text::Sku;

use crate::cache::SharedItem;
use crate::error::Result;
use crate::rows;
use crate::session::Session;

pub(super) async fn find(session: &Session, skus: &HashSet<Sku>) -> Result<Vec<SharedItem>> {
    let skus: Vec<_> = skus.iter().map(Sku::as_str).collect();
    let found = rows::items::find(session, &skus).await?;
    Ok(found.into_iter().map(|found| (Arc::new(found.item), Arc::new(found.stock))).collect())
}

pub(super) fn put(found: Vec<SharedItem>, skus: &HashSet<Sku>, rows: &mut WorkingSet) {
    for (item, stock) in found {
        let sku = item.sku.clone();
        rows.items.put_shared(&sku, item);
        rows.stocks.put_shared(&sku, stock);
    }
    for sku in skus {
        if !rows.items.knows(sku) {
            rows.items.put_loaded(sku.clone(), None);
            rows.stocks.put_loaded(sku.clone(), None);
        }
    }
}

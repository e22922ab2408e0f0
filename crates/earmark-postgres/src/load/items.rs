//! Items with their stock.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::items::StockedItem;
use earmark_core::text::Sku;

use crate::connect::Session;
use crate::fault::Fault;
use crate::rows;

pub(super) async fn find(session: &Session, skus: &HashSet<Sku>) -> Result<Vec<StockedItem>, Fault> {
    let skus: Vec<_> = skus.iter().map(Sku::as_str).collect();
    rows::items::find(session, &skus).await
}

pub(super) fn put(found: Vec<StockedItem>, skus: &HashSet<Sku>, rows: &mut WorkingSet) {
    for StockedItem { item, stock } in found {
        rows.items.put_loaded(item.sku.clone(), Some(item));
        rows.stocks.put_loaded(stock.sku.clone(), Some(stock));
    }
    for sku in skus {
        if !rows.items.knows(sku) {
            rows.items.put_loaded(sku.clone(), None);
            rows.stocks.put_loaded(sku.clone(), None);
        }
    }
}

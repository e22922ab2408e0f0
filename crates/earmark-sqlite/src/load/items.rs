//! Loads items with their stock by SKU, from two narrow tables.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::text::Sku;
use rusqlite::Connection;

use crate::error::Result;

pub(super) fn load(connection: &Connection, skus: &HashSet<Sku>, rows: &mut WorkingSet) -> Result<()> {
    for sku in skus {
        let (item, stock) = match crate::rows::items::find(connection, sku)? {
            Some(found) => (Some(found.item), Some(found.stock)),
            None => (None, None),
        };
        rows.items.put_loaded(sku.clone(), item);
        rows.stocks.put_loaded(sku.clone(), stock);
    }
    Ok(())
}

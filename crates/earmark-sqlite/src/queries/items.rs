//! Lists items, by SKU.

use earmark_core::StockedItem;
use earmark_store::{ItemFilter, Page};
use rusqlite::named_params;

use crate::codec;
use crate::error::Result;
use crate::rows::items::{COLUMNS, read};
use crate::rows::query;
use crate::snapshot::Snapshot;

/// A page of the items that a filter lets through.
pub(super) fn list(snapshot: &Snapshot<'_>, filter: &ItemFilter, limit: usize) -> Result<Page<StockedItem>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM items i CROSS JOIN stocks s ON s.sku = i.sku \
         WHERE i.sku > :after AND (:active IS NULL OR i.active = :active) AND (NOT :in_stock OR s.on_hand > s.reserved) \
         AND (:search IS NULL OR instr(lower(i.sku), :search) > 0 OR instr(lower(i.name), :search) > 0) \
         ORDER BY i.sku LIMIT :limit"
    );
    let parameters = named_params! {
        ":after": filter.after.as_ref().map_or("", |sku| sku.as_str()),
        ":active": filter.active,
        ":in_stock": filter.in_stock,
        // SQLite's lower() knows ASCII only, as the filter wants it.
        ":search": filter.search.as_ref().map(|text| text.to_ascii_lowercase()),
        ":limit": codec::limit(limit.saturating_add(1)),
    };
    Ok(Page::of(query(snapshot.connection, &sql, parameters, read)?, limit))
}

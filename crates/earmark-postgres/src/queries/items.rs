//! Lists items, by SKU.

use earmark_core::StockedItem;
use earmark_store::{ItemFilter, Page};

use crate::codec;
use crate::error::Result;
use crate::rows::items::{COLUMNS, read};
use crate::rows::query;
use crate::session::Session;

/// A page of the items that a filter lets through.
pub(super) async fn list(session: &Session, filter: &ItemFilter, limit: usize) -> Result<Page<StockedItem>> {
    // In the collation "C", lower() knows ASCII only, as the filter wants it.
    let sql = format!(
        "SELECT {COLUMNS} FROM items i JOIN stocks s ON s.sku = i.sku \
         WHERE i.sku > $1 AND ($2::boolean IS NULL OR i.active = $2) AND (NOT $3::boolean OR s.on_hand > s.reserved) \
         AND ($4::text IS NULL OR strpos(lower(i.sku), $4) > 0 OR strpos(lower(i.name COLLATE \"C\"), $4) > 0) \
         ORDER BY i.sku LIMIT $5"
    );
    let after = filter.after.as_ref().map_or("", |sku| sku.as_str());
    let search = filter.search.as_ref().map(|text| text.to_ascii_lowercase());
    let want = codec::limit(limit.saturating_add(1));
    let rows = query(session, &sql, &[&after, &filter.active, &filter.in_stock, &search, &want]).await?;
    Ok(Page::of(rows.iter().map(read).collect::<Result<_, _>>()?, limit))
}

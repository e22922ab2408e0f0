//! Reads items with their stock.

use earmark_core::text::{Description, Name, Sku, Url};
use earmark_core::{Item, Stock, StockedItem};
use tokio_postgres::Row;

use super::query;
use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::session::Session;

/// The columns that [`read`] takes, of `items` as `i` and `stocks` as `s`.
pub(crate) const COLUMNS: &str = "i.sku, i.name, i.description, i.unit_price, i.active, i.image_url, i.metadata, i.created_at, \
     s.on_hand, s.reserved, s.version, s.updated_at";

/// The items of these SKUs, each once, in no order.
pub(crate) async fn find(session: &Session, skus: &[&str]) -> Result<Vec<StockedItem>> {
    if skus.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {COLUMNS} FROM items i JOIN stocks s ON s.sku = i.sku WHERE i.sku = ANY($1)");
    query(session, &sql, &[&skus]).await?.iter().map(read).collect()
}

pub(crate) async fn find_one(session: &Session, sku: &Sku) -> Result<Option<StockedItem>> {
    Ok(find(session, &[sku.as_str()]).await?.pop())
}

/// The item in a row of [`COLUMNS`].
pub(crate) fn read(row: &Row) -> Result<StockedItem> {
    let item = Item {
        sku: codec::text(row, 0, Sku::parse)?,
        name: codec::text(row, 1, Name::parse)?,
        description: codec::optional_text(row, 2, Description::parse)?,
        unit_price: codec::money(row, 3)?,
        active: codec::get(row, 4)?,
        image_url: codec::optional_text(row, 5, Url::parse)?,
        metadata: codec::document(row, 6)?.unwrap_or_default(),
        created_at: codec::time(row, 7)?,
    };
    let (on_hand, reserved) = (codec::quantity(row, 8)?, codec::quantity(row, 9)?);
    if reserved > on_hand {
        return Err(DatabaseError::damaged("more reserved than on hand", &item.sku));
    }
    let (version, updated_at) = (codec::count(row, 10)?, codec::time(row, 11)?);
    let stock = Stock { sku: item.sku.clone(), on_hand, reserved, version, updated_at };
    Ok(StockedItem { item, stock })
}

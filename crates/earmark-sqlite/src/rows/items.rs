//! Reads items with their stock.

use earmark_core::text::{Description, Name, Sku, Url};
use earmark_core::{Item, Stock, StockedItem};
use rusqlite::{Connection, Row};

use super::query_one;
use crate::codec;
use crate::error::{DatabaseError, Result};

/// The columns that [`read`] takes, of `items` as `i` and `stocks` as `s`.
pub(crate) const COLUMNS: &str = "i.sku, i.name, i.description, i.unit_price, i.active, i.image_url, i.metadata, i.created_at, \
     s.on_hand, s.reserved, s.version, s.updated_at";

/// The item with this SKU, and its stock.
pub(crate) fn find(connection: &Connection, sku: &Sku) -> Result<Option<StockedItem>> {
    let sql = "SELECT sku, name, description, unit_price, active, image_url, metadata, created_at FROM items WHERE sku = ?1";
    let Some(item) = query_one(connection, sql, [sku.as_str()], read_item)? else { return Ok(None) };
    let sql = "SELECT on_hand, reserved, version, updated_at FROM stocks WHERE sku = ?1";
    let stock = query_one(connection, sql, [sku.as_str()], |row| read_stock(row, 0, sku.clone()))?;
    let stock = stock.ok_or_else(|| DatabaseError::damaged("an item has no stock", sku))?;
    Ok(Some(StockedItem { item, stock }))
}

/// The item in a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<StockedItem> {
    let item = read_item(row)?;
    let stock = read_stock(row, 8, item.sku.clone())?;
    Ok(StockedItem { item, stock })
}

fn read_item(row: &Row<'_>) -> Result<Item> {
    Ok(Item {
        sku: codec::text(row, 0, Sku::parse)?,
        name: codec::text(row, 1, Name::parse)?,
        description: codec::optional_text(row, 2, Description::parse)?,
        unit_price: codec::money(row, 3)?,
        active: row.get(4)?,
        image_url: codec::optional_text(row, 5, Url::parse)?,
        metadata: codec::document(row, 6)?.unwrap_or_default(),
        created_at: codec::time(row, 7)?,
    })
}

fn read_stock(row: &Row<'_>, first: usize, sku: Sku) -> Result<Stock> {
    let (on_hand, reserved) = (row.get(first)?, row.get(first + 1)?);
    if reserved > on_hand {
        return Err(DatabaseError::damaged("more reserved than on hand", &sku));
    }
    let (version, updated_at) = (codec::count(row, first + 2)?, codec::time(row, first + 3)?);
    Ok(Stock { sku, on_hand, reserved, version, updated_at })
}

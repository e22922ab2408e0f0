//! An item with its stock.

use earmark_core::items::{Item, Stock, StockedItem};
use earmark_core::text::{Description, Name, Sku, Url};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec;
use crate::fault::Fault;

/// The columns that [`read`] takes, of `items` as `i` and `stocks` as `s`.
pub(crate) const COLUMNS: &str = "i.sku, i.name, i.description, i.unit_price, i.active, i.image_url, i.metadata, i.created_at, \
     s.on_hand, s.reserved, s.version, s.updated_at";

/// The item of a SKU.
pub(crate) fn find(connection: &Connection, sku: &Sku) -> Result<Option<StockedItem>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT i.sku, i.name, i.description, i.unit_price, i.active, i.image_url, i.metadata, i.created_at, \
         s.on_hand, s.reserved, s.version, s.updated_at \
         FROM items i LEFT JOIN stocks s ON s.sku = i.sku WHERE i.sku = ?1",
    )?;
    statement.query_row([sku.as_str()], |row| Ok(read(row))).optional()?.transpose()
}

/// The item in a row of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<StockedItem, Fault> {
    let sku = codec::text(row, 0, Sku::parse)?;
    let stock = Stock {
        sku: sku.clone(),
        on_hand: row.get(8)?,
        reserved: row.get(9)?,
        version: codec::count(row, 10)?,
        updated_at: codec::time(row, 11)?,
    };
    if stock.reserved > stock.on_hand {
        return Err(Fault::damaged("more reserved than on hand", &sku));
    }
    let item = Item {
        sku,
        name: codec::text(row, 1, Name::parse)?,
        description: codec::optional_text(row, 2, Description::parse)?,
        unit_price: codec::money(row, 3)?,
        active: row.get(4)?,
        image_url: codec::optional_text(row, 5, Url::parse)?,
        metadata: codec::document(row, 6)?.unwrap_or_default(),
        created_at: codec::time(row, 7)?,
    };
    Ok(StockedItem { item, stock })
}

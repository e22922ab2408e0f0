//! How is a cart found and read?

use earmark_core::Cart;
use earmark_core::ids::CartId;
use earmark_core::text::CustomerId;
use rusqlite::{Connection, Row};

use super::query_one;
use crate::codec;
use crate::error::Result;

pub(crate) fn find(connection: &Connection, id: CartId) -> Result<Option<Cart>> {
    let sql = "SELECT id, version, customer_id, lines, metadata, created_at, updated_at, expires_at FROM carts WHERE id = ?1";
    query_one(connection, sql, [id.to_bytes()], read)
}

fn read(row: &Row<'_>) -> Result<Cart> {
    Ok(Cart {
        id: CartId::from_bytes(row.get(0)?),
        version: codec::count(row, 1)?,
        customer_id: codec::optional_text(row, 2, CustomerId::parse)?,
        lines: codec::document(row, 3)?.unwrap_or_default(),
        metadata: codec::document(row, 4)?.unwrap_or_default(),
        created_at: codec::time(row, 5)?,
        updated_at: codec::time(row, 6)?,
        expires_at: codec::time(row, 7)?,
    })
}

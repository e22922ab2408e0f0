//! How is a cart found and read?

use earmark_core::Cart;
use earmark_core::ids::CartId;
use earmark_core::text::CustomerId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::query;
use crate::codec;
use crate::error::Result;
use crate::session::Session;

/// The carts that have these ids, in no order.
pub(crate) async fn find(session: &Session, ids: &[Uuid]) -> Result<Vec<Cart>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, version, customer_id, lines, metadata, created_at, updated_at, expires_at FROM carts WHERE id = ANY($1)";
    query(session, sql, &[&ids]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Cart> {
    Ok(Cart {
        id: CartId(codec::bits(row, 0)?),
        version: codec::count(row, 1)?,
        customer_id: codec::optional_text(row, 2, CustomerId::parse)?,
        lines: codec::document(row, 3)?.unwrap_or_default(),
        metadata: codec::document(row, 4)?.unwrap_or_default(),
        created_at: codec::time(row, 5)?,
        updated_at: codec::time(row, 6)?,
        expires_at: codec::time(row, 7)?,
    })
}

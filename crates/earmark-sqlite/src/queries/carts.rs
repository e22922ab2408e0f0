//! A cart with the items as they are now.

use earmark_core::PricedCart;
use earmark_core::ids::CartId;

use crate::error::{DatabaseError, Result};
use crate::rows;
use crate::snapshot::Snapshot;

/// The cart with this id, and the item of each line.
pub(super) fn find(snapshot: &Snapshot<'_>, id: CartId) -> Result<Option<PricedCart>> {
    let Some(cart) = rows::carts::find(snapshot.connection, id)? else { return Ok(None) };
    let mut items = Vec::with_capacity(cart.lines.len());
    for line in &cart.lines {
        let item = rows::items::find(snapshot.connection, &line.sku)?;
        items.push(item.ok_or_else(|| DatabaseError::damaged("an item in a cart is not there", &line.sku))?);
    }
    Ok(Some(PricedCart { cart, items }))
}

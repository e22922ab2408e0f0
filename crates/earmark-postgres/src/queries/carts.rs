//! A cart with the items as they are now.

use std::collections::HashMap;

use earmark_core::PricedCart;
use earmark_core::ids::CartId;
use uuid::Uuid;

use crate::error::{DatabaseError, Result};
use crate::rows;
use crate::session::Session;

/// The cart with this id, and the item of each line.
pub(super) async fn find(session: &Session, id: CartId) -> Result<Option<PricedCart>> {
    let Some(cart) = rows::carts::find(session, &[Uuid::from_u128(id.0)]).await?.pop() else {
        return Ok(None);
    };
    let skus: Vec<_> = cart.lines.iter().map(|line| line.sku.as_str()).collect();
    let found = rows::items::find(session, &skus).await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|item| (item.item.sku.clone(), item)).collect();
    let mut items = Vec::with_capacity(cart.lines.len());
    for line in &cart.lines {
        let item = found.remove(&line.sku);
        items.push(
            item.ok_or_else(|| DatabaseError::damaged("a cart names an item that is not there", &line.sku))?,
        );
    }
    Ok(Some(PricedCart { cart, items }))
}

//! Loads carts by id.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::carts::Cart;
use earmark_core::ids::CartId;
use uuid::Uuid;

use crate::error::Result;
use crate::rows;
use crate::session::Session;

pub(super) async fn find(session: &Session, ids: &HashSet<CartId>) -> Result<Vec<Cart>> {
    let ids: Vec<_> = ids.iter().map(|id| Uuid::from_u128(id.0)).collect();
    rows::carts::find(session, &ids).await
}

pub(super) fn put(found: Vec<Cart>, ids: &HashSet<CartId>, rows: &mut WorkingSet) {
    for cart in found {
        rows.carts.put_loaded(cart.id, Some(cart));
    }
    ids.iter().for_each(|id| rows.carts.put_loaded(*id, None));
}

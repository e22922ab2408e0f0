//! Deletes a cart, because its customer wants it or because it has expired.

use serde::{Deserialize, Serialize};

use crate::ids::CartId;
use crate::{Caller, Changes, Decision, Keys, Outcome, Result, Timestamp, WorkingSet};

/// Delete a cart, now or if it has expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteCart {
    pub cart_id: CartId,
    pub due: Due,
}

/// On which condition a cart is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    Now,
    /// Only if its time to live has passed; else nothing changes.
    IfExpired,
}

impl DeleteCart {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_cart(rows, self.cart_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let cart = rows.reachable_cart(self.cart_id, &caller.access)?;
        let kept = self.due == Due::IfExpired && cart.expires_at > now;
        let deleted_carts = if kept { Vec::new() } else { vec![self.cart_id] };
        Ok(Decision { outcome: Outcome::Done, changes: Changes { deleted_carts, ..Changes::default() } })
    }
}

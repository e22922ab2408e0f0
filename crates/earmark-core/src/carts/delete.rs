//! Throws a cart away.

use serde::{Deserialize, Serialize};

use super::reachable;
use crate::caller::Caller;
use crate::changes::{Changes, Decision};
use crate::ids::CartId;
use crate::outcome::Outcome;
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};

/// Throw a cart away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteCart {
    /// Which.
    pub cart_id: CartId,
    /// On which condition.
    pub due: Due,
}

/// When a cart may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    /// Now.
    Now,
    /// Only if it was not touched for its time.
    IfExpired,
}

impl DeleteCart {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_cart(rows, self.cart_id);
    }

    pub(crate) fn version(&self, rows: &WorkingSet) -> Option<u64> {
        rows.carts.find(&self.cart_id).map(|cart| cart.version)
    }

    pub(crate) fn decide(
        &self,
        caller: &Caller,
        rows: &WorkingSet,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let cart = reachable(rows, self.cart_id, &caller.access)?;
        let kept = self.due == Due::IfExpired && cart.expires_at > now;
        let deleted_carts = if kept { Vec::new() } else { vec![self.cart_id] };
        Ok(Decision { outcome: Outcome::Done, changes: Changes { deleted_carts, ..Changes::default() } })
    }
}

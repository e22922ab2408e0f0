//! Creates an empty cart.

use serde::{Deserialize, Serialize};

use super::{Cart, PricedCart};
use crate::ids::CartId;
use crate::text::{CustomerId, Metadata};
use crate::{Caller, Changes, Decision, Outcome, Result, Span, Timestamp};

/// Create an empty cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateCart {
    /// The id of the cart to be.
    pub id: CartId,
    /// The owner of the cart. A customer's cart is its own, named or not.
    pub customer_id: Option<CustomerId>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// How long the cart lives without a change.
    pub ttl: Span,
}

impl CreateCart {
    pub(crate) fn decide(&self, caller: &Caller, now: Timestamp) -> Result<Decision> {
        let customer_id = caller.access.owner(self.customer_id.as_ref())?;
        // Refusals end here.
        let cart = Cart {
            id: self.id,
            customer_id,
            lines: Vec::new(),
            metadata: self.metadata.clone(),
            version: 1,
            created_at: now,
            updated_at: now,
            expires_at: now.after(self.ttl),
        };
        let changes = Changes { carts: vec![cart.clone()], ..Changes::default() };
        Ok(Decision { outcome: Outcome::Cart(PricedCart { cart, items: Vec::new() }), changes })
    }
}

//! What is answered? The resource as the command left it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::carts::PricedCart;
use crate::ids::OrderId;
use crate::items::{Adjustment, StockedItem};
use crate::keys::ApiKey;
use crate::orders::Order;
use crate::payments::Payment;
use crate::refunds::Refund;
use crate::shipments::Shipment;

/// The answer to a command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant is documented at the type it holds")]
pub enum Outcome {
    /// An item, and whether it is new.
    Item {
        item: StockedItem,
        created: bool,
    },
    Adjustment(Adjustment),
    Cart(PricedCart),
    Order(Arc<Order>),
    Shipment {
        order_id: OrderId,
        shipment: Shipment,
    },
    Payment {
        order_id: OrderId,
        payment: Payment,
    },
    Refund {
        order_id: OrderId,
        refund: Refund,
    },
    Key(ApiKey),
    /// Done (or already so); there is nothing to show.
    Done,
}

/// An outcome, and whether it is an earlier one again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether the command had been carried out before under the same key.
    pub replayed: bool,
}

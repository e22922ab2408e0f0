//! What is the answer to a command? The resource as the command left it.

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

/// The answer to a command that was carried out. `created` is false where an item was replaced.
/// `Done` says that it is done, or was so already, and that there is nothing to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Item { item: StockedItem, created: bool },
    Adjustment(Adjustment),
    Cart(PricedCart),
    Order(Arc<Order>),
    Shipment { order_id: OrderId, shipment: Shipment },
    Payment { order_id: OrderId, payment: Payment },
    Refund { order_id: OrderId, refund: Refund },
    Key(ApiKey),
    Done,
}

/// An outcome, and whether it is that of an earlier command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub outcome: Outcome,
    /// Whether the command was carried out before under the same key.
    pub replayed: bool,
}

//! Why is a command refused?
//!
//! One closed list, in the order in which the reasons are checked. A refused command leaves nothing
//! behind, so that it can be sent again under the same idempotency key.

use serde::{Deserialize, Serialize};

use crate::caller::AnotherCustomer;
use crate::ids::OrderId;
use crate::money::Money;
use crate::orders::OrderStatus;
use crate::payments::PaymentStatus;
use crate::text::Sku;

/// What a rule gives, unless it refuses.
pub(crate) type Result<T, E = Rejection> = std::result::Result<T, E>;

/// The reason why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// The idempotency key was used for another command.
    IdempotencyKeyReused,
    /// What the command is about does not exist for the caller.
    NotFound,
    /// The resource has this version, not the one that the command names.
    VersionMismatch { version: u64 },
    /// The command cannot be right, whatever the state.
    Invalid {
        /// A JSON pointer into the request's body.
        pointer: String,
        /// What is wrong and what is allowed, for people.
        detail: String,
    },
    /// The merchant's reference belongs to this order.
    AlreadyExists { order_id: OrderId },
    /// There is nothing in the cart to order.
    CartEmpty,
    /// The state of the order does not allow it; `detail` says why, for people.
    InvalidTransition { current: OrderStatus, detail: String },
    /// These items are not sold any more.
    ItemInactive { skus: Vec<Sku> },
    /// The total is not what the client expected.
    PriceChanged { expected_total: Money, total: Money },
    /// Not enough is available; all short lines are named at once.
    InsufficientStock { shortages: Vec<Shortage> },
    /// The count is not what the client expected. The counters are those before the command.
    StockMismatch { on_hand: u32, reserved: u32 },
    /// The count would fall below what is reserved. The counters are those before the command.
    StockBelowReserved { on_hand: u32, reserved: u32 },
    /// There is nothing left to pay.
    AlreadyPaid,
    /// Another payment of the order is in progress.
    PaymentInProgress,
    /// The amount that the client expected is not what is due.
    AmountMismatch { expected: Money, balance_due: Money },
    /// The payment has ended already.
    PaymentSettled { status: PaymentStatus },
    /// More than what was captured, less what went or goes back.
    RefundExceedsCaptured { requested: Money, refundable: Money },
}

/// A line of more units than are available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    pub sku: Sku,
    pub requested: u64,
    pub available: u32,
}

impl Rejection {
    /// A rejection that points into the request's body.
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), detail: detail.into() }
    }

    /// The code that clients see; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::NotFound => "not_found",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::Invalid { .. } => "invalid_request",
            Self::AlreadyExists { .. } => "already_exists",
            Self::CartEmpty => "cart_empty",
            Self::InvalidTransition { .. } => "invalid_transition",
            Self::ItemInactive { .. } => "item_inactive",
            Self::PriceChanged { .. } => "price_changed",
            Self::InsufficientStock { .. } => "insufficient_stock",
            Self::StockBelowReserved { .. } => "stock_below_reserved",
            Self::StockMismatch { .. } => "stock_mismatch",
            Self::PaymentInProgress => "payment_in_progress",
            Self::AlreadyPaid => "already_paid",
            Self::AmountMismatch { .. } => "amount_mismatch",
            Self::PaymentSettled { .. } => "payment_settled",
            Self::RefundExceedsCaptured { .. } => "refund_exceeds_captured",
        }
    }
}

impl From<AnotherCustomer> for Rejection {
    fn from(_: AnotherCustomer) -> Self {
        Self::invalid("/customer_id", "the customer is the token's own; leave customer_id out")
    }
}

//! Why not? One closed list of refusals, in the order in which they are checked. A refused command leaves nothing behind.

use serde::{Deserialize, Serialize};

use crate::Money;
use crate::caller::AnotherCustomer;
use crate::ids::OrderId;
use crate::orders::OrderStatus;
use crate::payments::PaymentStatus;
use crate::text::Sku;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// The key was used for another request.
    IdempotencyKeyReused,
    /// What the command is about does not exist for the caller.
    NotFound,
    /// The resource has another version than the command names.
    VersionMismatch {
        /// The version it has.
        version: u64,
    },
    /// The request cannot be right, whatever the state.
    Invalid {
        /// Where, as a JSON pointer into the request's body.
        pointer: String,
        /// What is wrong and what is allowed.
        detail: String,
    },
    /// The merchant's reference is taken.
    AlreadyExists {
        /// By this order.
        order_id: OrderId,
    },
    /// There is nothing in the cart to order.
    CartEmpty,
    /// The state does not allow it.
    InvalidTransition {
        /// The state it is in.
        current: OrderStatus,
        /// What stands in the way.
        detail: String,
    },
    /// An item is not sold any more.
    ItemInactive {
        /// Which ones.
        skus: Vec<Sku>,
    },
    /// The total is not what the client expected.
    PriceChanged {
        /// What it expected.
        expected_total: Money,
        /// What it is.
        total: Money,
    },
    /// Not enough is available; all short lines at once.
    InsufficientStock {
        /// Which ones, and by how much.
        shortages: Vec<Shortage>,
    },
    /// The count is not what the client expected.
    StockMismatch {
        /// Units on hand now.
        on_hand: u32,
        /// Units promised.
        reserved: u32,
    },
    /// The count would fall below what is promised.
    StockBelowReserved {
        /// Units on hand now.
        on_hand: u32,
        /// Units promised.
        reserved: u32,
    },
    /// There is nothing left to pay.
    AlreadyPaid,
    /// Another attempt to pay is in progress.
    PaymentInProgress,
    /// The amount is not what is due.
    AmountMismatch {
        /// What the client wanted to pay.
        expected: Money,
        /// What is due.
        balance_due: Money,
    },
    /// The payment has ended already.
    PaymentSettled {
        /// As what.
        status: PaymentStatus,
    },
    /// More than what was captured, less what went or goes back.
    RefundExceedsCaptured {
        /// How much was asked for.
        requested: Money,
        /// How much could be.
        refundable: Money,
    },
}

/// A line that wants more than there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The item.
    pub sku: Sku,
    /// Units wanted.
    pub requested: u64,
    /// Units available.
    pub available: u32,
}

impl Rejection {
    /// A refusal that points into the request's body.
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), detail: detail.into() }
    }

    /// The stable word for clients.
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

//! What a call to a gateway asks for. The whole of it goes along with each look-up too, since some
//! gateways need more than the id to find something, and since the answer is compared with all of
//! it.

use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::payments::Token;
use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};

/// A call to take money.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Our id of the payment; the gateway's idempotency key.
    pub id: PaymentId,
    pub amount: Money,
    pub currency: Currency,
    pub token: Token,
    /// When the attempt was written down. No call under this id is older.
    pub begun_at: Timestamp,
}

/// A call to give money back.
#[derive(Clone, Debug)]
pub struct RefundCall {
    /// Our id of the refund; the gateway's idempotency key.
    pub id: RefundId,
    /// Our id of the payment that took the money.
    pub payment_id: PaymentId,
    /// The gateway's own id of that payment; None if it never told one.
    pub payment_reference: Option<Name>,
    pub amount: Money,
    pub currency: Currency,
    /// When the refund was written down. No call under this id is older.
    pub begun_at: Timestamp,
}

/// A range of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    pub from: Timestamp,
    pub to: Timestamp,
}

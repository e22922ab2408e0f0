//! Which money went back?
//!
//! A refund is a row before the gateway is called, and counts against the captured money from then
//! on. Invariant: the refunds of an order that have not FAILED never exceed what was captured.

pub mod create;
pub(crate) mod new;
pub mod settle;

use serde::{Deserialize, Serialize};

use crate::ids::{PaymentId, RefundId};
use crate::units::CancelReason;
use crate::{Money, Timestamp};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// Not sent yet, on its way, or without an answer.
    Pending,
    /// The gateway gave the money back.
    Succeeded,
    /// The gateway refused to give the money back.
    Failed,
}

/// Money that goes back to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Also the idempotency key of the calls to the gateway.
    pub id: RefundId,
    /// The payment that took the money.
    pub payment_id: PaymentId,
    pub status: RefundStatus,
    pub amount: Money,
    /// `other` where a payment succeeded that nothing was owed for any more.
    pub reason: CancelReason,
    /// How often the gateway was called.
    pub attempts: u32,
    /// When the gateway is called next, while PENDING.
    pub next_attempt_at: Timestamp,
    /// 1 at first, one more with each change.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

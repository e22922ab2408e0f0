//! Was money moved back? A refund is a row before the gateway is called, and counts against what was captured from then on.
//!
//! Invariant: the refunds of a payment that have not FAILED never exceed what it captured.

pub mod create;
pub mod settle;

use serde::{Deserialize, Serialize};

use crate::ids::{PaymentId, RefundId};
use crate::orders::CancelReason;
use crate::{Money, Timestamp};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// Not known yet.
    Pending,
    /// The money is back.
    Succeeded,
    /// The gateway refused.
    Failed,
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id, and the gateway's idempotency key.
    pub id: RefundId,
    /// The payment that took the money.
    pub payment_id: PaymentId,
    /// Where it stands.
    pub status: RefundStatus,
    /// How much.
    pub amount: Money,
    /// Why; `other` where a payment came too late.
    pub reason: CancelReason,
    /// How often the gateway was called or asked.
    pub attempts: u32,
    /// When the gateway is asked next, while PENDING.
    pub next_attempt_at: Timestamp,
    /// Raised by each change.
    pub version: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

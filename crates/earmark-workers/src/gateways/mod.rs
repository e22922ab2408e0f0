//! Who takes the money? The port that every gateway fills: charge, refund, and look both up by our own id.
//!
//! Our id is the gateway's idempotency key: the same call again is the same charge. No answer is not an answer.

mod sandbox;

use std::time::Duration;

use async_trait::async_trait;
use earmark_core::Money;
use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::payments::Token;
use earmark_core::text::Name;

pub use sandbox::Sandbox;

/// A request to take money.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Our id of the payment.
    pub id: PaymentId,
    /// How much.
    pub amount: Money,
    /// The means.
    pub token: Token,
}

/// A request to give money back.
#[derive(Clone, Copy, Debug)]
pub struct RefundCall {
    /// Our id of the refund.
    pub id: RefundId,
    /// Our id of the payment that took the money.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Money,
}

/// What a gateway said about a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeAnswer {
    /// It took the money.
    Succeeded {
        /// Its own id of it.
        reference: Option<Name>,
    },
    /// It refused.
    Declined {
        /// Why.
        code: Name,
        /// Its own id of it.
        reference: Option<Name>,
    },
    /// It has never heard of it (look-ups only).
    NotFound,
    /// Nothing that can be relied on.
    Unknown {
        /// For the log.
        why: String,
    },
}

/// What a gateway said about a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The money is back.
    Succeeded,
    /// It refused.
    Refused,
    /// It has never heard of it (look-ups only).
    NotFound,
    /// Nothing that can be relied on.
    Unknown {
        /// For the log.
        why: String,
    },
}

/// A payment gateway. Calls may be slow, fail or be repeated; none may charge twice for one id.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Its name, written into each payment.
    fn name(&self) -> Name;

    /// Takes the money, once per id.
    async fn charge(&self, charge: &Charge) -> ChargeAnswer;

    /// Asks what became of a charge.
    async fn find_charge(&self, id: PaymentId) -> ChargeAnswer;

    /// Gives money back, once per id.
    async fn refund(&self, refund: &RefundCall) -> RefundAnswer;

    /// Asks what became of a refund.
    async fn find_refund(&self, id: RefundId) -> RefundAnswer;
}

/// Cuts a call off: an answer later than this is none.
pub(crate) async fn in_time<T>(
    timeout: Duration,
    call: impl Future<Output = T>,
    unknown: impl FnOnce(String) -> T,
) -> T {
    tokio::time::timeout(timeout, call)
        .await
        .unwrap_or_else(|_| unknown(format!("no answer within {timeout:?}")))
}

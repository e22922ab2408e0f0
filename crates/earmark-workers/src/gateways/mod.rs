//! Who takes the money? The port that every gateway fills: charge, refund, look both up by our own id, and list what was done.
//!
//! Our id is the gateway's idempotency key: the same call again is the same charge. An answer is definite success, definite refusal, or nothing
//! that can be relied on; it carries what the gateway says that it did, and `answers.rs` compares that with what we asked before anything is
//! believed. Gateways call once and never retry: `guard.rs` decides when a call may go out, the workers decide when it is made again.

mod answers;
mod breaker;
mod budget;
mod form;
mod guard;
mod metrics;
mod outgoing;
mod sandbox;
mod signed;
mod stripe;
mod window;

use async_trait::async_trait;
use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::payments::Token;
use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};

pub use answers::{ChargeAnswer, Entry, EntryKind, EntryStatus, Page, RefundAnswer, Said};
pub(crate) use answers::{Charged, Refunded};
pub use guard::Guard;
pub(crate) use guard::{Held, Permit, Turn};
pub use outgoing::{InvalidUrl, Outgoing, OutgoingError, OutgoingOptions};
pub use sandbox::Sandbox;
pub use signed::{InvalidSecret, SharedSecret, SignedGateway};
pub use stripe::{StripeGateway, StripeKey};
pub(crate) use window::CALLS_MAX;

/// A request to take money.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Our id of the payment.
    pub id: PaymentId,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
    /// The means.
    pub token: Token,
    /// When the attempt was written down: no request under this id is older.
    pub begun_at: Timestamp,
}

/// A request to give money back.
#[derive(Clone, Debug)]
pub struct RefundCall {
    /// Our id of the refund.
    pub id: RefundId,
    /// Our id of the payment that took the money.
    pub payment_id: PaymentId,
    /// The gateway's own id of that payment.
    pub payment_reference: Option<Name>,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
    /// When the refund was written down: no request under this id is older.
    pub begun_at: Timestamp,
}

/// A stretch of time, from and including `from`, up to and without `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// A payment gateway. Calls may be slow, fail or be repeated; none may charge twice for one id, and none is repeated by the gateway's client itself.
///
/// The whole request comes along with each look-up, since a look-up may need more than the id, and its answer is compared with all of it.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Its name, written into each payment; a payment is asked for at the gateway of this name and at no other.
    fn name(&self) -> Name;

    /// Authorizes and captures in one step, once per id.
    async fn charge(&self, charge: &Charge) -> ChargeAnswer;

    /// Asks what became of a charge. [`ChargeAnswer::NotFound`] means that it may be sent again.
    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer;

    /// Gives money back, once per id.
    async fn refund(&self, refund: &RefundCall) -> RefundAnswer;

    /// Asks what became of a refund. [`RefundAnswer::NotFound`] means that it may be sent again.
    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer;

    /// What the gateway says that it did in a stretch of time, a page at a time; for the daily reconciliation. The cursor is the gateway's own.
    ///
    /// # Errors
    /// Nothing that can be relied on; the text says why, for people.
    async fn list(&self, stretch: Stretch, cursor: Option<&str>) -> Result<Page, String>;
}

//! The port that every gateway fills: charge, refund, look both up by our own id, and list what was
//! done.
//!
//! Our id is the gateway's idempotency key, so the same call made again is the same charge. An
//! implementation calls once and never repeats a call: when a call may go out is decided in
//! `guard.rs`, when it is made again by the workers.

use async_trait::async_trait;
use earmark_core::text::Name;

use super::answers::{ChargeAnswer, RefundAnswer};
use super::calls::{Charge, RefundCall, TimeRange};
use super::entries::Page;

/// A payment gateway. Its calls may be slow, fail or be repeated, and still none may charge twice
/// for one id.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// The gateway's name, which is written into each payment. A payment is never sent to a gateway
    /// with another name.
    fn name(&self) -> Name;

    /// Authorizes and captures in one step, once per id.
    async fn charge(&self, charge: &Charge) -> ChargeAnswer;

    /// Looks a charge up. [`ChargeAnswer::NotFound`] means that it may be sent again.
    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer;

    /// Gives money back, once per id.
    async fn refund(&self, refund: &RefundCall) -> RefundAnswer;

    /// Looks a refund up. [`RefundAnswer::NotFound`] means that it may be sent again.
    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer;

    /// A page of the charges and refunds that the gateway made in this range of time, for the daily
    /// reconciliation. The cursor is [`Page::next`] of the page before; None asks for the first
    /// page.
    ///
    /// # Errors
    /// There is no answer that can be relied on; the text tells people why.
    async fn list(&self, range: TimeRange, cursor: Option<&str>) -> Result<Page, String>;
}

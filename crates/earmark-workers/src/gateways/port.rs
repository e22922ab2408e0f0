//! The port that every gateway fills: charge, refund, look both up by our own id, and list what was
//! done. The list is for the reconciliation, which compares it with our data elsewhere.
//!
//! Our id is the gateway's idempotency key, so the same call made again is the same charge. An
//! implementation calls once and never repeats a call: when a call may go out is decided in
//! `guard.rs`, when it is made again by the workers.

use async_trait::async_trait;
use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};

use super::answers::{ChargeAnswer, RefundAnswer};
use super::calls::{Charge, RefundCall, TimeRange};

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

/// A page of a gateway's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the gateway's order.
    pub entries: Vec<Entry>,
    /// The cursor of the next page; None if this is the last one.
    pub next: Option<String>,
}

/// A charge or refund, as the gateway has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    /// Our id; None if the charge or refund was not made by Earmark.
    pub id: Option<String>,
    /// The gateway's own id.
    pub reference: String,
    pub status: EntryStatus,
    pub amount: Money,
    pub currency: Currency,
    /// When the gateway made it.
    pub at: Timestamp,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    Charge,
    Refund,
}

/// How far an entry has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    /// The money has moved.
    Done,
    /// The money is held back on the card and not taken yet.
    Authorized,
    /// The money has not moved and never will.
    Refused,
    /// Undecided, or a status that this version does not know.
    Open,
}

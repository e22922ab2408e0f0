//! What a gateway lists for the reconciliation: charges and refunds in its own words, compared with
//! our data elsewhere.

use earmark_core::{Currency, Money, Timestamp};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

//! What a request to the gateway asks for and what comes of it, whichever protocol it came in.

use crate::faults::{Fault, Operation};
use crate::ledger::Entry;
use crate::tokens;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The protocol of `docs/gateway-protocol.md`.
    Signed,
    Stripe,
}

/// What is known of a request before it has an effect; its fault is chosen by it.
pub(crate) struct RequestContext {
    pub(crate) protocol: Protocol,
    pub(crate) operation: Operation,
    /// The caller's own id; empty where a request is about none.
    pub(crate) id: String,
    /// The fault that the request's token wants, the first time that this id comes.
    pub(crate) token_fault: Option<Fault>,
}

/// A request to take money.
pub(crate) struct ChargeRequest {
    pub(crate) protocol: Protocol,
    pub(crate) key: String,
    pub(crate) id: String,
    /// In the currency's minor unit.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) token: String,
}

/// A request to give money back.
pub(crate) struct RefundRequest {
    pub(crate) protocol: Protocol,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) charge: ChargeReference,
    /// In the currency's minor unit.
    pub(crate) amount: i64,
    /// None where the protocol does not name it: then it is that of the charge.
    pub(crate) currency: Option<String>,
}

/// How a refund names its charge.
#[derive(Clone, Debug)]
pub(crate) enum ChargeReference {
    /// By the caller's own id.
    Id(String),
    /// By the gateway's id.
    Reference(String),
}

/// The code with which a fault declines what would otherwise have been done.
pub(crate) type ForcedDecline = Option<&'static str>;

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It was carried out by this request.
    New(Entry),
    /// It was carried out by an earlier request, or this request only looked it up.
    Known(Entry),
    List(Vec<Entry>),
    NotFound,
    /// The key is known with other parameters.
    Conflict,
    /// The charge that should be refunded does not exist.
    NoCharge,
    /// The refund is larger than what is left of its charge.
    TooMuch,
    InvalidToken,
}

/// How a fault spoils an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpoiltAnswer {
    /// The answer has status 500.
    Error,
    /// The connection is reset.
    Reset,
    /// There is no answer, and the connection stays open.
    Silence,
    /// The body is cut off in the middle of its JSON.
    Garbage,
}

impl Outcome {
    /// Whether the charge's token wants every answer about it to be wrong.
    pub(crate) fn is_always_wrong(&self) -> bool {
        let (Self::New(entry) | Self::Known(entry)) = self else { return false };
        entry.token.as_deref() == Some(tokens::WRONG_AMOUNT)
    }

    /// The same outcome, but each entry says one minor unit more than what moved.
    pub(crate) fn with_wrong_amount(self) -> Self {
        let wrong = |mut entry: Entry| {
            entry.amount += 1;
            entry
        };
        match self {
            Self::New(entry) => Self::New(wrong(entry)),
            Self::Known(entry) => Self::Known(wrong(entry)),
            Self::List(entries) => Self::List(entries.into_iter().map(wrong).collect()),
            other => other,
        }
    }
}

//! What can be wrong? One kind for each promise, with what it was found about and what was seen.

use std::fmt;

use serde::Serialize;

/// What was promised and is not so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Breach {
    pub(crate) kind: BreachKind,
    /// Of what: an order, a key, a SKU.
    pub(crate) subject: String,
    /// What was expected, and what was seen.
    pub(crate) detail: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BreachKind {
    /// A command that had to succeed was refused.
    Refused,
    /// Something that was acknowledged is not there.
    Lost,
    /// Something is there twice, or without having been asked for.
    Doubled,
    /// A command's effect is there in part.
    Half,
    /// A version is lower than the acknowledged one.
    VersionWentBack,
    /// A status is not the acknowledged one, nor one that follows it by itself.
    StatusDiffers,
    /// Lines, or the counters on them, are not the acknowledged ones.
    LinesDiffer,
    /// Totals do not follow from lines and payments.
    TotalsDiffer,
    /// A payment is not the acknowledged one.
    PaymentDiffers,
    /// Stock is not what the commands make it.
    StockDiffers,
    /// A cart does not hold what was put into it.
    CartDiffers,
    /// The answer to a replay is not the first answer.
    ReplayDiffers,
    /// A replay is not marked as one, or more than one answer claims to be the first.
    ReplayUnmarked,
    /// A used key with another body was not refused with 422 `idempotency_key_reused`.
    ReuseAccepted,
    /// `earmark verify` found something.
    VerifyFailed,
    /// Nothing was acknowledged for longer than promised, although servers were there to do it.
    Stalled,
}

impl Breach {
    #[must_use]
    pub(crate) fn new(kind: BreachKind, subject: impl Into<String>, detail: impl Into<String>) -> Breach {
        Breach { kind, subject: subject.into(), detail: detail.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}: {}", self.kind, self.subject, self.detail)
    }
}

//! When? Microseconds since 1970-01-01 UTC. The core never asks a clock: time comes in with each decision.

use serde::{Deserialize, Serialize};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl Span {
    /// So many seconds.
    pub fn from_seconds(seconds: u32) -> Self {
        Self(i64::from(seconds) * 1_000_000)
    }

    /// The span in microseconds.
    pub fn as_micros(self) -> i64 {
        self.0
    }
}

impl Timestamp {
    /// The time so much later.
    pub fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The time so much earlier.
    pub fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

//! When, and for how long?
//!
//! Both in microseconds. The core never reads a clock: the time comes in with each decision.

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
    /// The span of this many seconds.
    pub fn from_seconds(seconds: u32) -> Self {
        Self(i64::from(seconds) * 1_000_000)
    }

    /// The span in microseconds.
    pub fn as_micros(self) -> i64 {
        self.0
    }
}

impl Timestamp {
    /// The time later by `span`; the last time there is, should that be beyond it.
    pub fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The time earlier by `span`; the first time there is, should that be before it.
    pub fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

//! How long did answers take? Three significant digits, microseconds.
//!
//! Invariant: integers only, so that a report is the same wherever it is printed.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is distinguished, in microseconds: ten minutes, beyond every deadline of
/// this crate.
const LATENCY_US_MAX: u64 = 600_000_000;

/// A histogram of latencies.
#[derive(Debug, Clone)]
pub struct Latencies {
    histogram: Histogram<u64>,
}

/// The figures that are printed of a histogram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LatencySummary {
    /// Half are at most this.
    pub p50_us: u64,
    /// 99 of 100 are at most this.
    pub p99_us: u64,
    /// 999 of 1,000 are at most this.
    pub p999_us: u64,
    pub max_us: u64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        // hdrhistogram accepts bounds with 1 ≤ low, 2·low ≤ high and 0 ≤ digits ≤ 5.
        let histogram = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3);
        Latencies { histogram: histogram.expect("constant bounds are valid") }
    }
}

impl Latencies {
    /// Adds one; what is longer than ten minutes counts as ten minutes.
    pub fn record(&mut self, latency: Duration) {
        let latency_us = u64::try_from(latency.as_micros()).unwrap_or(LATENCY_US_MAX);
        self.histogram.saturating_record(latency_us.max(1));
    }

    /// Removes all that was recorded.
    pub fn clear(&mut self) {
        self.histogram.reset();
    }

    /// The figures so far; zeros if there are none.
    #[must_use]
    pub fn summary(&self) -> LatencySummary {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        LatencySummary { p50_us: at(0.5), p99_us: at(0.99), p999_us: at(0.999), max_us: self.histogram.max() }
    }
}

/// How many a second, rounded down; 0 for no time at all.
#[must_use]
pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = elapsed.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_recorded_values() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.summary(), LatencySummary::default());
        for latency_us in 1..=1_000 {
            latencies.record(Duration::from_micros(latency_us));
        }
        let summary = latencies.summary();
        assert_eq!((summary.p50_us, summary.p99_us, summary.p999_us, summary.max_us), (500, 990, 999, 1_000));
        latencies.record(Duration::from_secs(6_000));
        assert!(latencies.summary().max_us >= LATENCY_US_MAX);
        latencies.clear();
        assert_eq!(latencies.summary(), LatencySummary::default());
    }

    #[test]
    fn rate_is_count_over_time() {
        assert_eq!(per_second(500, Duration::from_millis(250)), 2_000);
    }
}

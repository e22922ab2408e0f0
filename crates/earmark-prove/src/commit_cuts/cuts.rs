//! How long does a cut hold up the answers? It is measured from each cut to the answer for good of
//! all commands that were under way then. That is more than what the cut itself has held up, since
//! commands that waited for the turn of another node are in it as well.

use std::collections::BTreeMap;
use std::time::Instant;

use earmark_load::latency::{Latencies, LatencySummary};
use serde::Serialize;

use crate::sending::TryResult;
use crate::writers::Writer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    AfterAnswer,
    Underway,
    /// Underway for longer than a transaction may stand still.
    UnderwayForLong,
    NotSent,
    /// After the answer, and then the database is away.
    Blackout,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) kind: Kind,
    pub(super) at: Instant,
    /// The end of a blackout; the same as `at` for the other kinds.
    pub(super) until: Instant,
}

/// What came of the cuts of one kind.
#[derive(Debug, Serialize)]
pub(super) struct Resolved {
    cuts: u32,
    /// Commands under way at a cut, and how long they were from there on.
    affected: u64,
    took: LatencySummary,
}

/// What came of all cuts.
#[derive(Debug, Default, Serialize)]
pub(super) struct Resolution {
    /// 503 on the way, after which a command is sent again. Of those, how many came in a blackout.
    told_to_try_again: u64,
    pub(super) told_in_a_blackout: u64,
    /// The longest from a cut, or the end of a blackout, to an answer for good, microseconds.
    pub(super) resolved_max_us: u64,
    by_kind: BTreeMap<Kind, Resolved>,
}

impl Resolution {
    pub(super) fn measure(all_cuts: &[Cut], writers: &[Writer]) -> Resolution {
        let mut resolution = Resolution::default();
        let tries = writers.iter().flat_map(|writer| &writer.tries);
        for one in tries.filter(|one| one.result == TryResult::Answer(503)) {
            resolution.told_to_try_again += 1;
            let is_dark = |cut: &Cut| cut.at <= one.ended() && one.ended() < cut.until;
            resolution.told_in_a_blackout += u64::from(all_cuts.iter().any(is_dark));
        }
        let mut all: BTreeMap<Kind, (u32, u64, Latencies)> = BTreeMap::new();
        for cut in all_cuts {
            let (cuts, affected, latencies) = all.entry(cut.kind).or_default();
            *cuts += 1;
            let spans = writers.iter().flat_map(|writer| &writer.spans);
            for span in spans.filter(|span| span.sent < cut.until && cut.until < span.ended) {
                *affected += 1;
                latencies.record(span.ended - cut.until);
            }
        }
        for (kind, (cuts, affected, latencies)) in all {
            let took = latencies.summary();
            resolution.resolved_max_us = resolution.resolved_max_us.max(took.max_us);
            resolution.by_kind.insert(kind, Resolved { cuts, affected, took });
        }
        resolution
    }
}

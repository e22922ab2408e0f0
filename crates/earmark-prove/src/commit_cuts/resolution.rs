//! How long was somebody without the truth? From each cut to the answer for good of all that was under way then: more than
//! what the cut has held up, since who waited for somebody else's turn is in it as well.

use std::collections::BTreeMap;
use std::time::Instant;

use earmark_load::latency::{Latencies, LatencySummary};
use serde::Serialize;

use super::Run;
use crate::errand::Got;
use crate::writers::Writer;

/// Kinds of cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    AfterAnswer,
    Underway,
    /// For longer than a transaction may stand still.
    UnderwayForLong,
    NotSent,
    /// After the answer, and then the database is away.
    Blackout,
}

/// One cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) kind: Kind,
    pub(super) at: Instant,
    /// The same, but for a blackout.
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

impl Run {
    pub(super) fn measure(&mut self, moments: &[Moment], writers: &[Writer]) {
        let tries = writers.iter().flat_map(|writer| &writer.tries);
        for one in tries.filter(|one| one.got == Got::Answer(503)) {
            self.told_to_try_again += 1;
            let is_dark = |dark: &Moment| dark.at <= one.ended() && one.ended() < dark.until;
            self.told_in_a_blackout += u64::from(moments.iter().any(is_dark));
        }
        let mut all: BTreeMap<Kind, (u32, u64, Latencies)> = BTreeMap::new();
        for moment in moments {
            let (cuts, affected, latencies) = all.entry(moment.kind).or_default();
            *cuts += 1;
            let spans = writers.iter().flat_map(|writer| &writer.spans);
            for span in spans.filter(|span| span.sent < moment.until && moment.until < span.ended) {
                *affected += 1;
                latencies.record(span.ended - moment.until);
            }
        }
        self.cuts = moments.len() as u32;
        for (kind, (cuts, affected, latencies)) in all {
            let took = latencies.summary();
            self.resolved_max_us = self.resolved_max_us.max(took.max_us);
            self.by_kind.insert(kind, Resolved { cuts, affected, took });
        }
    }
}

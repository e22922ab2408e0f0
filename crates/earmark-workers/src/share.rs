//! Which node calls for what is due? All may, since our id is the gateway's key; so that they
//! rarely do so at once, each node waits a time of its own for each row.
//!
//! The node that began a payment calls for it at once, without asking here. Nothing is reserved and
//! nothing written down, so a node that dies leaves nothing behind but rows that others find due.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use earmark_core::Timestamp;

/// The longest that a node waits for a row, in microseconds; longer than most calls take.
const SPREAD_MICROS: u64 = 2_000_000;

/// What this node calls for.
#[derive(Clone, Copy, Debug)]
pub enum Share {
    /// This node is the only one, and takes everything at once.
    All,
    /// There are other nodes.
    Some {
        /// Decides how long this node waits for which row.
        seed: u64,
        /// How long the node that began a payment may take for its first call.
        first_call: Duration,
    },
}

impl Share {
    /// The share of one of several nodes. `gateway_timeout` is the longest that a call takes.
    pub fn one_of_many(gateway_timeout: Duration) -> Self {
        Self::Some { seed: uuid::Uuid::new_v4().as_u64_pair().1, first_call: gateway_timeout }
    }

    /// Whether this node calls for this row now.
    pub(crate) fn takes(self, row: Row, now: Timestamp) -> bool {
        let Self::Some { seed, first_call } = self else { return row.due_at <= now };
        let head_start = if row.attempts == 0 && row.has_first_caller { first_call } else { Duration::ZERO };
        let head_start = i64::try_from(head_start.as_micros()).unwrap_or(i64::MAX);
        let own = i64::try_from(hash(seed, row.id) % SPREAD_MICROS).unwrap_or(0);
        row.due_at.0.saturating_add(head_start).saturating_add(own) <= now.0
    }
}

/// A row that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: u128,
    pub(crate) attempts: u32,
    /// Whether the node that wrote the row calls for it first, at once.
    pub(crate) has_first_caller: bool,
    pub(crate) due_at: Timestamp,
}

/// A number that differs from node to node and from row to row.
fn hash(seed: u64, id: u128) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, id).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn row(id: u128, attempts: u32) -> Row {
        Row { id, attempts, has_first_caller: true, due_at: Timestamp(0) }
    }

    #[test]
    fn alone_a_node_takes_everything_at_once() {
        assert!(Share::All.takes(row(1, 0), Timestamp(0)));
        assert!(!Share::All.takes(row(1, 0), Timestamp(-1)));
    }

    #[test]
    fn among_many_every_row_is_taken_in_the_end_and_rarely_by_two_at_once() {
        let nodes: Vec<_> =
            (1..=3).map(|seed| Share::Some { seed, first_call: Duration::from_secs(10) }).collect();
        let mut within_a_tenth = 0;
        for id in 0..1_000 {
            let first_taken = |share: &Share| {
                (0..=20).find(|tenth| share.takes(row(id, 1), Timestamp(tenth * SECOND / 10))).unwrap()
            };
            let mut taken: Vec<_> = nodes.iter().map(first_taken).collect();
            taken.sort_unstable();
            within_a_tenth += i32::from(taken[0] == taken[1]);
        }
        assert!(within_a_tenth < 250, "{within_a_tenth}");
    }

    #[test]
    fn the_first_call_is_left_to_the_node_that_began_the_payment() {
        let share = Share::Some { seed: 1, first_call: Duration::from_secs(10) };
        assert!(!share.takes(row(5, 0), Timestamp(10 * SECOND - 1)));
        assert!(share.takes(row(5, 0), Timestamp(12 * SECOND)));
    }
}

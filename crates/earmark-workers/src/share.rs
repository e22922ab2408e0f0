//! Which node takes what is due? All may, since our id is the gateway's key; so that they rarely do so at once, each waits its own while for each row.
//!
//! The node that accepted a payment calls for it at once, without asking here. Nothing is reserved and nothing written down, so a node that dies
//! leaves nothing behind but rows that others find due.

use std::time::Duration;

use earmark_core::Timestamp;

/// How far the nodes' whiles lie apart; longer than most calls take.
const SPREAD_MICROS: u64 = 2_000_000;

/// A node's share of what is due.
#[derive(Clone, Copy, Debug)]
pub enum Share {
    /// This node is the only one, and takes everything at once.
    All,
    /// There are others.
    Some {
        /// Which while this node waits for which row, drawn at its start.
        seed: u64,
        /// How long the node that accepted a payment may take for its first call.
        first_call: Duration,
    },
}

impl Share {
    /// One of several nodes, each of which lets a first call take so long.
    pub fn one_of_many(gateway_timeout: Duration) -> Self {
        Self::Some { seed: uuid::Uuid::new_v4().as_u64_pair().1, first_call: gateway_timeout }
    }

    /// Whether a row that became due then is this node's now.
    pub(crate) fn takes(self, row: Row, now: Timestamp) -> bool {
        let Self::Some { seed, first_call } = self else { return row.due_at <= now };
        let head_start =
            if row.attempts == 0 && row.accepted_elsewhere { first_call } else { Duration::ZERO };
        let head_start = i64::try_from(head_start.as_micros()).unwrap_or(i64::MAX);
        let own = i64::try_from(mix(seed, row.id) % SPREAD_MICROS).unwrap_or(0);
        row.due_at.0.saturating_add(head_start).saturating_add(own) <= now.0
    }
}

/// A row that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: u128,
    pub(crate) attempts: u32,
    /// Whether some node was told of it when it was written, and is likely at it.
    pub(crate) accepted_elsewhere: bool,
    pub(crate) due_at: Timestamp,
}

/// The finalizer of SplitMix64 over both halves of the id.
fn mix(seed: u64, id: u128) -> u64 {
    let halves = uuid::Uuid::from_u128(id).as_u64_pair();
    let mut word = seed ^ halves.0 ^ halves.1.rotate_left(32);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn row(id: u128, attempts: u32) -> Row {
        Row { id, attempts, accepted_elsewhere: true, due_at: Timestamp(0) }
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
    fn the_first_call_is_left_to_the_node_that_accepted_it() {
        let share = Share::Some { seed: 1, first_call: Duration::from_secs(10) };
        assert!(!share.takes(row(5, 0), Timestamp(10 * SECOND - 1)));
        assert!(share.takes(row(5, 0), Timestamp(12 * SECOND)));
    }
}

//! How much has a store done since it was started? Counted by the writer, read by anyone.

use std::sync::atomic::{AtomicU64, Ordering};

use earmark_core::BatchChanges;

/// How much a store has done since it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStats {
    pub batches: u64,
    pub events: u64,
    /// Commands that wait now.
    pub queue_commands: usize,
}

/// What the writer counts.
#[derive(Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    events: AtomicU64,
}

impl Counters {
    pub(crate) fn committed(&self, changes: &BatchChanges) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(changes.events.len() as u64, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self, queue_commands: usize) -> StoreStats {
        StoreStats {
            batches: self.batches.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            queue_commands,
        }
    }
}

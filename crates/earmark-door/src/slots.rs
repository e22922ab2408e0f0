//! How many requests may be worked on at once? A counter with a limit.
//!
//! A slot is given back when it is dropped, so also when the client has hung up and the work on its
//! request is dropped.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The places for requests that are worked on.
pub(crate) struct Slots {
    taken: AtomicUsize,
    max: usize,
}

/// The right to work on a request.
pub(crate) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(crate) fn new(max: usize) -> Self {
        Self { taken: AtomicUsize::new(0), max }
    }

    /// A slot, if one is free.
    pub(crate) fn take(&self) -> Option<Slot<'_>> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        // Made in any case: its drop takes back what was added.
        let slot = Slot(self);
        (before < self.max).then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_given_back_and_none_is_taken_by_a_refusal() {
        let slots = Slots::new(1);
        let first = slots.take();
        assert!(first.is_some());
        assert!(slots.take().is_none());
        drop(first);
        assert!(slots.take().is_some());
    }
}

//! Which entries are not in their B-tree yet?
//!
//! New entries are *recent*. When there are enough of them for a generation, they are *frozen*:
//! sorted once, then written in key order, a slice with each batch. So many entries land on each
//! page that is written, and no batch pays for all.
//!
//! Invariant: every committed entry that the committed B-tree lacks is here. `reached` is the
//! number up to which the B-tree holds everything.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Entries on their way into a B-tree.
#[derive(Debug)]
pub(crate) struct Tail<K, V> {
    generation_entries: usize,
    recent: BTreeMap<K, V>,
    frozen: Vec<(K, V)>,
    /// The number up to which everything is in `frozen` or in the B-tree.
    frozen_to: i64,
    /// Entries of `frozen` in the B-tree.
    merged: usize,
    /// The same, as the open transaction leaves it.
    merging: usize,
    reached: i64,
    /// What the open transaction has added, with what each entry replaced.
    added: Vec<(K, Option<V>)>,
}

impl<K: Ord + Copy, V: Copy> Tail<K, V> {
    /// A tail that begins after `reached`, where a generation is so many entries.
    pub(crate) fn new(generation_entries: usize, reached: i64) -> Self {
        Self {
            generation_entries: generation_entries.max(1),
            recent: BTreeMap::new(),
            frozen: Vec::new(),
            frozen_to: reached,
            merged: 0,
            merging: 0,
            reached,
            added: Vec::new(),
        }
    }

    /// Adds an entry in the open transaction.
    pub(crate) fn add(&mut self, key: K, value: V) {
        let replaced = self.recent.insert(key, value);
        self.added.push((key, replaced));
    }

    /// Makes what was added permanent, as a commit does. For entries that are read at the start.
    pub(crate) fn clear_added(&mut self) {
        self.added = Vec::new();
    }

    /// The newest entry of a key.
    pub(crate) fn find(&self, key: &K) -> Option<V> {
        self.recent.get(key).copied().or_else(|| {
            let place = self.frozen.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
            self.frozen.get(place).map(|(_, value)| *value)
        })
    }

    /// All keys within a range, in no order.
    pub(crate) fn keys(&self, range: RangeInclusive<K>) -> Vec<K> {
        let first = self.frozen.partition_point(|(key, _)| key < range.start());
        let frozen = self.frozen.iter().skip(first).map(|(key, _)| *key).take_while(|key| key <= range.end());
        frozen.chain(self.recent.range(range.clone()).map(|(key, _)| *key)).collect()
    }

    /// The number up to which the B-tree, as committed, holds everything.
    pub(crate) fn reached(&self) -> i64 {
        self.reached
    }

    /// The next entries to be written in the open transaction, in key order. They are as many as it
    /// added and a few more, so that a generation is written before the next one is full.
    pub(crate) fn take_slice(&mut self) -> &[(K, V)] {
        let share = self.frozen.len() * self.added.len() / self.generation_entries;
        let from = self.merging;
        self.merging = self.frozen.len().min(from + share + self.added.len() / 8 + 1);
        &self.frozen[from..self.merging]
    }

    /// The number up to which the B-tree then holds everything, if the open transaction ends a
    /// generation.
    pub(crate) fn ending(&self) -> Option<i64> {
        (!self.frozen.is_empty() && self.merging == self.frozen.len()).then_some(self.frozen_to)
    }

    /// The open transaction was committed; `last` is the highest number in it.
    pub(crate) fn committed(&mut self, last: i64) {
        self.added.clear();
        self.merged = self.merging;
        if let Some(reached) = self.ending() {
            self.reached = reached;
            self.frozen = Vec::new();
            (self.merged, self.merging) = (0, 0);
        }
        if self.frozen.is_empty() && self.recent.len() >= self.generation_entries {
            self.frozen = std::mem::take(&mut self.recent).into_iter().collect();
            self.frozen_to = last;
        }
    }

    /// The open transaction left no trace.
    pub(crate) fn rolled_back(&mut self) {
        self.merging = self.merged;
        while let Some((key, replaced)) = self.added.pop() {
            match replaced {
                Some(value) => self.recent.insert(key, value),
                None => self.recent.remove(&key),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rolled_back_entry_leaves_what_was_before() {
        let mut tail = Tail::new(8, 0);
        tail.add(1, 'a');
        tail.committed(1);
        tail.add(1, 'b');
        tail.add(2, 'c');
        assert_eq!((tail.find(&1), tail.find(&2)), (Some('b'), Some('c')));
        tail.rolled_back();
        assert_eq!((tail.find(&1), tail.find(&2)), (Some('a'), None));
    }

    #[test]
    fn a_generation_is_written_in_key_order_before_the_next_one_is_full() {
        let (mut tail, mut written) = (Tail::new(100, 0), Vec::new());
        for number in 0..250_i64 {
            tail.add((number * 77) % 251, ());
            written.extend(tail.take_slice().iter().map(|(key, ())| *key));
            tail.committed(number + 1);
        }
        assert!(tail.reached() >= 100, "{}", tail.reached());
        assert!(written[..100].is_sorted());
        let left = tail.keys(0..=250);
        assert!(
            (0..250_i64).all(|n| written.contains(&((n * 77) % 251)) || left.contains(&((n * 77) % 251)))
        );
    }

    #[test]
    fn a_slice_that_was_rolled_back_is_written_again() {
        let mut tail = Tail::new(2, 0);
        for key in 1..=2 {
            tail.add(key, ());
            tail.committed(key);
        }
        tail.add(3, ());
        let slice = tail.take_slice().to_vec();
        tail.rolled_back();
        tail.add(4, ());
        assert_eq!(tail.take_slice(), slice);
    }
}

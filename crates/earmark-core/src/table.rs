//! What became of the rows of one kind in a batch?
//!
//! A table holds each row as it was loaded and as the last command left it. A key that was loaded
//! without finding a row is known too: it says that the row does not exist.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::changes::Change;

/// The rows of one kind that a batch has loaded, and what has become of them.
#[derive(Clone, Debug)]
pub struct Table<K, R> {
    slots: HashMap<K, Slot<R>>,
    /// Keys of changed rows, in the order of their first change.
    changed: Vec<K>,
}

/// A row, or the knowledge that there is none (`None`).
#[derive(Clone, Debug)]
struct Slot<R> {
    loaded: Option<Arc<R>>,
    current: Option<Arc<R>>,
    changed: bool,
}

impl<K, R> Default for Table<K, R> {
    fn default() -> Self {
        Self { slots: HashMap::new(), changed: Vec::new() }
    }
}

impl<K: Hash + Eq + Clone, R> Table<K, R> {
    /// Whether the row was loaded, be it there or not.
    pub fn knows<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.slots.contains_key(key)
    }

    /// The row as the last command left it; `None` if it does not exist.
    ///
    /// # Panics
    /// If it was never loaded: a command that did not name its rows.
    pub fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&Arc<R>>
    where
        K: Borrow<Q>,
    {
        self.slots.get(key).expect("a command names the rows that it reads").current.as_ref()
    }

    /// Takes in a row that an engine found, or found absent. A row that is known already stays.
    pub fn put_loaded(&mut self, key: K, row: Option<R>) {
        let row = row.map(Arc::new);
        self.slots.entry(key).or_insert(Slot { loaded: row.clone(), current: row, changed: false });
    }

    /// The same for a row that an engine keeps a pointer to.
    pub fn put_shared(&mut self, key: &K, row: Arc<R>) {
        if !self.slots.contains_key(key) {
            let loaded = Some(Arc::clone(&row));
            self.slots.insert(key.clone(), Slot { loaded, current: Some(row), changed: false });
        }
    }

    /// Leaves the row as a command wants it; `None` deletes it.
    pub(crate) fn set(&mut self, key: K, row: Option<Arc<R>>) {
        // A row that no command named is new. Should its id exist after all, the schema refuses it.
        let slot =
            self.slots.entry(key.clone()).or_insert(Slot { loaded: None, current: None, changed: false });
        slot.current = row;
        if !slot.changed {
            slot.changed = true;
            self.changed.push(key);
        }
    }

    /// The rows that changed since they were loaded. From now on they count as loaded.
    pub(crate) fn take_changes(&mut self) -> Vec<Change<R>> {
        let changes = self.changed.drain(..).filter_map(|key| {
            let slot = self.slots.get_mut(&key).expect("a changed row is in its table");
            slot.changed = false;
            let before = std::mem::replace(&mut slot.loaded, slot.current.clone());
            // A row that came and went within one batch is no change.
            let (gone, after) = (before.is_none() && slot.current.is_none(), slot.current.clone());
            (!gone).then_some(Change { before, after })
        });
        changes.collect()
    }
}

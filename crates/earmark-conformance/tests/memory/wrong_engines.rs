//! Engines that are right as long as nothing collides: one overwrites what others wrote, one saves
//! half a batch, and one has readers that lag behind.

use std::hash::Hash;

use earmark_conformance::Fixture;
use earmark_core::table::Table;
use earmark_core::{BatchChanges, Change, Keys, WorkingSet};
use earmark_store::memory::MemoryStore;
use earmark_store::{Engine, Overlap, StoreError};

/// A store in memory with another commit.
struct WrongEngine<C> {
    inner: MemoryStore,
    commit: C,
}

impl<C: FnMut(&mut MemoryStore, &BatchChanges) -> Result<(), StoreError> + Send> Engine for WrongEngine<C> {
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        overlap: &mut dyn Overlap,
    ) -> Result<(), StoreError> {
        self.inner.begin(keys, rows, overlap)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.inner.load(keys, rows)
    }

    fn commit(&mut self, changes: &BatchChanges, _overlap: &mut dyn Overlap) -> Result<(), StoreError> {
        (self.commit)(&mut self.inner, changes)
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }
}

/// Replaces the rows that were loaded with those that are stored now, so that no version is stale.
fn as_if_loaded<K: Hash + Eq + Clone, R>(changes: &mut [Change<R>], rows: &Table<K, R>, key: fn(&R) -> K) {
    for change in changes {
        let row = change.after.as_ref().or(change.before.as_ref()).expect("a change has a row");
        change.before = rows.find(&key(row)).cloned();
    }
}

/// Ignores versions, so the last batch overwrites the others.
pub(crate) fn last_write_wins() -> Fixture {
    let inner = MemoryStore::new();
    let queries = inner.clone();
    let commit = |inner: &mut MemoryStore, changes: &BatchChanges| {
        let mut changes = changes.clone();
        let mut rows = WorkingSet::default();
        let carts =
            changes.carts.iter().filter_map(|change| change.after.as_ref().or(change.before.as_ref()));
        let keys = Keys {
            items: changes
                .stocks
                .iter()
                .filter_map(|change| Some(change.after.as_ref()?.sku.clone()))
                .collect(),
            carts: carts.map(|cart| cart.id).collect(),
            orders: changes.orders.iter().filter_map(|change| Some(change.after.as_ref()?.id)).collect(),
            ..Keys::default()
        };
        inner.load(&keys, &mut rows)?;
        as_if_loaded(&mut changes.stocks, &rows.stocks, |stock| stock.sku.clone());
        as_if_loaded(&mut changes.carts, &rows.carts, |cart| cart.id);
        as_if_loaded(&mut changes.orders, &rows.orders, |order| order.id);
        inner.commit(&changes, &mut ())
    };
    Fixture::new(WrongEngine { inner, commit }, queries)
}

/// Keeps the items of a batch that is refused.
pub(crate) fn half_a_batch() -> Fixture {
    let inner = MemoryStore::new();
    let queries = inner.clone();
    let commit = |inner: &mut MemoryStore, changes: &BatchChanges| {
        let refused = inner.commit(changes, &mut ());
        if refused.is_err() {
            let new = changes.stocks.iter().filter(|change| change.before.is_none());
            let half = BatchChanges {
                items: changes.items.clone(),
                stocks: new.cloned().collect(),
                ..BatchChanges::default()
            };
            inner.commit(&half, &mut ())?;
        }
        refused
    };
    Fixture::new(WrongEngine { inner, commit }, queries)
}

/// Its readers see each batch when the next one is committed.
pub(crate) fn late_readers() -> Fixture {
    let (inner, mut replica) = (MemoryStore::new(), MemoryStore::new());
    let queries = replica.clone();
    let mut last: Option<BatchChanges> = None;
    let commit = move |inner: &mut MemoryStore, changes: &BatchChanges| {
        inner.commit(changes, &mut ())?;
        last.replace(changes.clone()).map_or(Ok(()), |before| replica.commit(&before, &mut ()))
    };
    Fixture::new(WrongEngine { inner, commit }, queries)
}

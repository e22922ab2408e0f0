//! Stores in memory that save something else than they should, which the checks must notice.

use std::sync::Arc;

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::memory::MemoryStore;
use earmark_store::{Engine, Overlap, StoreError};

/// What the store does wrong: it changes each batch before it saves it.
pub(crate) type Fault = fn(&mut BatchChanges);

/// A store in memory with a fault.
pub(crate) struct FaultyStore {
    pub(crate) inner: MemoryStore,
    pub(crate) fault: Fault,
}

impl Engine for FaultyStore {
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
        let mut changes = changes.clone();
        (self.fault)(&mut changes);
        self.inner.commit(&changes, &mut ())
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }
}

/// Every fault that the checks must notice. The names go on from "the store".
pub(crate) const FAULTS: &[(&str, Fault)] = &[
    ("drops a change of stock", |batch| drop(batch.stocks.pop())),
    ("drops a change of an order", |batch| drop(batch.orders.pop())),
    ("drops a change of a cart", |batch| drop(batch.carts.pop())),
    ("forgets an idempotency key", |batch| drop(batch.idempotency.pop())),
    ("forgets the last event", |batch| drop(batch.events.pop())),
    ("writes an event twice", |batch| batch.events.extend(batch.events.first().cloned())),
    ("writes events in another order", |batch| batch.events.reverse()),
    ("leaves a payment out", |batch| {
        for change in &mut batch.orders {
            if let Some(order) = &mut change.after {
                Arc::make_mut(order).payments.pop();
            }
        }
    }),
    ("keeps a deleted cart", |batch| batch.carts.retain(|change| change.after.is_some())),
];

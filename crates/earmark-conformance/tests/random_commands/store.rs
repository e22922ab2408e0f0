//! Is what was decided what is stored? Exactly those rows and those events, and nothing of what was
//! rejected.

use std::sync::Arc;

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::{Engine, Queries};
use tokio::runtime::Runtime;

use crate::batch::rows;
use crate::ledger::{Checked, Ledger, ensure};

/// A store under test, driven without the writer.
pub(crate) struct TestedStore {
    pub(crate) engine: Box<dyn Engine>,
    queries: Arc<dyn Queries>,
    runtime: Runtime,
}

impl TestedStore {
    pub(crate) fn new(engine: Box<dyn Engine>, queries: Arc<dyn Queries>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made");
        Self { engine, queries, runtime }
    }

    /// Loads, after a commit, the rows that it changed, and reads its events.
    pub(crate) fn check_commit(&mut self, ledger: &Ledger, batch: &BatchChanges) -> Checked {
        let mut loaded = WorkingSet::default();
        let keys = keys_of(batch);
        self.engine.begin(&keys, &mut loaded, &mut ()).map_err(|error| error.to_string())?;
        self.engine.rollback();
        check_loaded(ledger, &keys, &loaded)?;
        let last = ledger.events.len() as u64;
        ensure(loaded.last_sequence == last, || {
            format!("the last event is {}, not {last}", loaded.last_sequence)
        })?;
        let first = ledger.events.len() - batch.events.len();
        let read = self.queries.list_events(first as u64, None, batch.events.len() + 1);
        let page = self.runtime.block_on(read).map_err(|error| error.to_string())?;
        let same = !page.more && page.rows.iter().map(|row| &row.event).eq(&ledger.events[first..]);
        ensure(same, || "the events of a batch are not as they were written".to_owned())
    }

    /// Verification must find no breach in what is committed.
    pub(crate) fn verify(&self) -> Checked {
        let report = self.runtime.block_on(self.queries.verify()).map_err(|error| error.to_string())?;
        ensure(report.breaches.is_empty(), || report.breaches.join("; "))
    }

    /// Verification must find no breach, and must have read everything. All batches are committed.
    pub(crate) fn verify_all(&self, ledger: &Ledger) -> Checked {
        self.verify()?;
        let report = self.runtime.block_on(self.queries.verify()).map_err(|error| error.to_string())?;
        let wanted = [ledger.items.len(), ledger.orders.len(), ledger.events.len()];
        ensure([report.items, report.orders, report.events] == wanted.map(|count| count as u64), || {
            format!("verification read {report:?}, not {wanted:?}")
        })
    }
}

/// The keys of all rows in a batch.
fn keys_of(batch: &BatchChanges) -> Keys {
    let items = rows(&batch.items).map(|row| row.sku.clone());
    Keys {
        items: items.chain(rows(&batch.stocks).map(|row| row.sku.clone())).collect(),
        carts: rows(&batch.carts).map(|row| row.id).collect(),
        orders: rows(&batch.orders).map(|row| row.id).collect(),
        references: rows(&batch.orders).filter_map(|row| row.reference.clone()).collect(),
        api_keys: rows(&batch.api_keys).map(|row| row.id).collect(),
        idempotency: rows(&batch.idempotency).map(|row| row.digest).collect(),
    }
}

/// Compares loaded rows with those that should be there.
pub(crate) fn check_loaded(ledger: &Ledger, keys: &Keys, loaded: &WorkingSet) -> Checked {
    for sku in &keys.items {
        let same = loaded.items.find(sku) == ledger.items.get(sku)
            && loaded.stocks.find(sku) == ledger.stocks.get(sku);
        ensure(same, || format!("item {sku} is not as it was left"))?;
    }
    for id in &keys.carts {
        ensure(loaded.carts.find(id) == ledger.carts.get(id), || format!("{id} is not as it was left"))?;
    }
    for id in &keys.orders {
        ensure(loaded.orders.find(id) == ledger.orders.get(id), || format!("{id} is not as it was left"))?;
    }
    for reference in &keys.references {
        let found = loaded.references.find(reference).map(|id| **id);
        ensure(found == ledger.references.get(reference).copied(), || {
            format!("{reference} leads to {found:?}")
        })?;
    }
    for id in &keys.api_keys {
        ensure(loaded.api_keys.find(id) == ledger.api_keys.get(id), || {
            format!("{id} is not as it was left")
        })?;
    }
    for digest in &keys.idempotency {
        let same = loaded.idempotency.find(digest) == ledger.idempotency.get(digest);
        ensure(same, || format!("idempotency key {} is not as it was left", crate::batch::hex(digest)))?;
    }
    Ok(())
}

//! What was decided is what is stored: exactly those rows, exactly those events, nothing of what was refused.

use std::collections::BTreeSet;

use earmark_core::{BatchChanges, Change, Changes, Keys, WorkingSet};
use earmark_store::{Engine, Queries};
use tokio::runtime::Runtime;

use crate::ledger::{Checked, Ledger, ensure};

/// The rows that the accepted commands of a batch named as changed.
#[derive(Default)]
pub(crate) struct Touched {
    names: BTreeSet<String>,
}

fn name<T: std::fmt::Display>(kind: &str, key: T) -> String {
    format!("{kind} {key}")
}

fn hex(digest: &[u8; 16]) -> String {
    format!("{:x}", u128::from_be_bytes(*digest))
}

impl Touched {
    /// Takes in the changes of an accepted command.
    pub(crate) fn add(&mut self, changes: &Changes) {
        let names = &mut self.names;
        names.extend(changes.items.iter().map(|row| name("item", &row.sku)));
        names.extend(changes.stocks.iter().map(|row| name("stock", &row.sku)));
        names.extend(changes.carts.iter().map(|row| name("cart", row.id)));
        names.extend(changes.deleted_carts.iter().map(|id| name("cart", id)));
        names.extend(changes.orders.iter().map(|row| name("order", row.id)));
        names.extend(changes.api_keys.iter().map(|row| name("key", row.id)));
        names.extend(changes.idempotency.iter().map(|row| name("idempotency", hex(&row.digest))));
        names.extend(changes.deleted_keys.iter().map(|digest| name("idempotency", hex(digest))));
    }
}

fn rows<R>(changes: &[Change<R>]) -> impl Iterator<Item = &R> {
    changes.iter().filter_map(|change| change.after.as_deref().or(change.before.as_deref()))
}

/// A batch holds the rows that its accepted commands changed, once each, and their events in a row.
pub(crate) fn check_batch(touched: &Touched, batch: &BatchChanges, events_before: u64) -> Checked {
    let mut names: Vec<String> = rows(&batch.items).map(|row| name("item", &row.sku)).collect();
    names.extend(rows(&batch.stocks).map(|row| name("stock", &row.sku)));
    names.extend(rows(&batch.carts).map(|row| name("cart", row.id)));
    names.extend(rows(&batch.orders).map(|row| name("order", row.id)));
    names.extend(rows(&batch.api_keys).map(|row| name("key", row.id)));
    names.extend(rows(&batch.idempotency).map(|row| name("idempotency", hex(&row.digest))));
    let once: BTreeSet<String> = names.iter().cloned().collect();
    ensure(once.len() == names.len(), || "a row is twice in a batch".to_owned())?;
    // A row that was made and deleted within the batch is left out.
    let strange = once.difference(&touched.names).next();
    ensure(strange.is_none(), || format!("a batch changes {strange:?}, which no accepted command did"))?;
    if events_before.is_multiple_of(8) {
        check_written_down(batch)?;
    }
    let numbers = batch.events.iter().map(|event| event.sequence);
    ensure(numbers.eq(events_before + 1..=events_before + batch.events.len() as u64), || {
        "a gap in the events".to_owned()
    })
}

/// A batch is what a journal would hold: it is the same after it was written down and read back.
fn check_written_down(batch: &BatchChanges) -> Checked {
    let text = serde_json::to_string(batch).map_err(|error| error.to_string())?;
    let again: BatchChanges = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    ensure(again == *batch, || "a batch is not the same after it was written down".to_owned())
}

/// After a commit: loads what it changed, and reads the events since.
pub(crate) fn check_store(
    engine: &mut dyn Engine,
    (queries, runtime): (&dyn Queries, &Runtime),
    ledger: &Ledger,
    batch: &BatchChanges,
) -> Checked {
    let mut loaded = WorkingSet::default();
    let keys = Keys {
        items: rows(&batch.items)
            .map(|row| row.sku.clone())
            .chain(rows(&batch.stocks).map(|row| row.sku.clone()))
            .collect(),
        carts: rows(&batch.carts).map(|row| row.id).collect(),
        orders: rows(&batch.orders).map(|row| row.id).collect(),
        references: rows(&batch.orders).filter_map(|row| row.reference.clone()).collect(),
        api_keys: rows(&batch.api_keys).map(|row| row.id).collect(),
        idempotency: rows(&batch.idempotency).map(|row| row.digest).collect(),
    };
    engine.begin(&keys, &mut loaded, &mut ()).map_err(|error| error.to_string())?;
    engine.rollback();
    check_loaded(ledger, &keys, &loaded)?;
    let last = ledger.events.len() as u64;
    ensure(loaded.last_sequence == last, || {
        format!("the last event is {}, not {last}", loaded.last_sequence)
    })?;
    let first = ledger.events.len() - batch.events.len();
    let read = runtime.block_on(queries.list_events(first as u64, None, batch.events.len() + 1));
    let page = read.map_err(|error| error.to_string())?;
    let same = !page.more && page.rows.iter().map(|row| &row.event).eq(&ledger.events[first..]);
    ensure(same, || "the events of a batch are not as they were written".to_owned())
}

/// Holds what was loaded against what should be there.
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
        ensure(same, || format!("idempotency key {} is not as it was left", hex(digest)))?;
    }
    Ok(())
}

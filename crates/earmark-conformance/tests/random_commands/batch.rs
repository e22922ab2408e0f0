//! Does a batch hold exactly what its accepted commands have decided?

use std::collections::BTreeSet;

use earmark_core::{BatchChanges, Change, Changes};

use crate::ledger::{Checked, ensure};

/// The names of the rows that the accepted commands of a batch have changed.
#[derive(Default)]
pub(crate) struct Touched {
    names: BTreeSet<String>,
}

fn name<T: std::fmt::Display>(kind: &str, key: T) -> String {
    format!("{kind} {key}")
}

pub(crate) fn hex(digest: &[u8; 16]) -> String {
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

/// The rows of changes: as they shall be, or as they were if they are deleted.
pub(crate) fn rows<R>(changes: &[Change<R>]) -> impl Iterator<Item = &R> {
    changes.iter().filter_map(|change| change.after.as_deref().or(change.before.as_deref()))
}

/// Checks that a batch holds the rows that its accepted commands changed, once each, and events
/// without gaps.
pub(crate) fn check(touched: &Touched, batch: &BatchChanges, events_before: u64) -> Checked {
    let mut names: Vec<String> = rows(&batch.items).map(|row| name("item", &row.sku)).collect();
    names.extend(rows(&batch.stocks).map(|row| name("stock", &row.sku)));
    names.extend(rows(&batch.carts).map(|row| name("cart", row.id)));
    names.extend(rows(&batch.orders).map(|row| name("order", row.id)));
    names.extend(rows(&batch.api_keys).map(|row| name("key", row.id)));
    names.extend(rows(&batch.idempotency).map(|row| name("idempotency", hex(&row.digest))));
    let once: BTreeSet<String> = names.iter().cloned().collect();
    ensure(once.len() == names.len(), || "a row is twice in a batch".to_owned())?;
    // A batch does not hold a row that was made and deleted within it, so it may hold fewer rows.
    let strange = once.difference(&touched.names).next();
    ensure(strange.is_none(), || format!("a batch changes {strange:?}, which no accepted command did"))?;
    if events_before.is_multiple_of(8) {
        check_json(batch)?;
    }
    let numbers = batch.events.iter().map(|event| event.sequence);
    ensure(numbers.eq(events_before + 1..=events_before + batch.events.len() as u64), || {
        "a gap in the events".to_owned()
    })
}

/// Checks that a batch is the same after it was written as JSON and read back.
fn check_json(batch: &BatchChanges) -> Checked {
    let text = serde_json::to_string(batch).map_err(|error| error.to_string())?;
    let again: BatchChanges = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    ensure(again == *batch, || "a batch is not the same after it was written as JSON".to_owned())
}

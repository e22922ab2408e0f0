//! Is a batch saved whole or not at all, once, and only on the rows that were loaded?
//!
//! Here is what the cases share: a store with rows of every kind, and the check that a bad change
//! is refused together with all the good ones in its batch.

pub(crate) mod batches;
pub(crate) mod idempotency_keys;
pub(crate) mod stale_versions;
pub(crate) mod taken_ids;

use earmark_core::BatchChanges;
use earmark_core::command::Action;
use earmark_core::ids::OrderId;
use earmark_core::orders::place::{Confirm, PlaceOrder};
use earmark_store::StoreError;

use crate::changes::{inserted, key_row};
use crate::commands::{add, adjust, cart, command, keyed, order, place, put, units};
use crate::harness::Harness;

/// Fills a store with something of every kind.
fn fill(harness: &mut Harness) {
    harness.must(put("a"));
    harness.must(put("b"));
    harness.must(adjust("a", 10));
    harness.must(adjust("b", 10));
    harness.must(cart(1));
    harness.must(add(1, "a", 1));
    harness.must(keyed(order(1, vec![units("a", 2)]), 1));
    let later = PlaceOrder { confirm: Confirm::Later, ..place(2, vec![units("b", 2)]) };
    harness.must(command(Action::PlaceOrder(later)));
    let changes = BatchChanges { api_keys: vec![inserted(key_row(5))], ..BatchChanges::default() };
    harness.begin();
    harness.try_commit(&changes).expect("a key can be saved");
    harness.check();
}

/// Numbers the events of a batch that was decided earlier as if it had been decided now.
fn renumber(changes: &mut BatchChanges, last: usize) {
    for (event, number) in changes.events.iter_mut().zip(last as u64 + 1..) {
        event.sequence = number;
    }
}

/// A batch that is right by itself and was rolled back.
fn good_batch(harness: &mut Harness) -> BatchChanges {
    let now = harness.now;
    let batch = [put("good"), adjust("good", 3), cart(77), keyed(order(77, vec![units("good", 1)]), 77)];
    let (changes, decided) = harness.prepare(&batch.map(|command| (command, now)));
    assert!(decided.iter().all(Result::is_ok));
    harness.engine.rollback();
    changes
}

/// Puts the rows of both batches into one.
fn joined(mut first: BatchChanges, second: BatchChanges) -> BatchChanges {
    first.items.extend(second.items);
    first.stocks.extend(second.stocks);
    first.carts.extend(second.carts);
    first.orders.extend(second.orders);
    first.api_keys.extend(second.api_keys);
    first.idempotency.extend(second.idempotency);
    first.events.extend(second.events);
    first
}

/// Commits a good batch with bad changes at its end. It must be refused whole, and the store must
/// go on.
fn must_refuse(harness: &mut Harness, what: &str, bad: BatchChanges) {
    let mut changes = joined(good_batch(harness), bad);
    renumber(&mut changes, harness.model.events.len());
    harness.begin();
    let error = harness.try_commit(&changes).expect_err(what);
    assert!(
        matches!(error, StoreError::Conflict(_) | StoreError::Refused(_)),
        "{what}: a batch that did not happen is a conflict or refused, not: {error}"
    );
    harness.check();
    let absent = harness.read(|queries| queries.find_order(OrderId(77)));
    assert_eq!(absent, None, "{what}: nothing of the batch stays");
    assert!(harness.run(adjust("b", 1)).is_ok(), "{what}: the store goes on");
    harness.check();
}

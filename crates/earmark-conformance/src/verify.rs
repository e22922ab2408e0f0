//! Does the verification of stored data find a breach, and find none in correct data? The breaches
//! are written through the engine itself.

use std::sync::Arc;

use earmark_core::BatchChanges;
use earmark_core::ids::OrderId;
use earmark_core::items::Stock;
use earmark_core::orders::Order;
use earmark_store::VerifyReport;

use crate::changes::{placed, replaced};
use crate::commands::{adjust, order, put, sku, units};
use crate::harness::Harness;

pub(crate) fn correct_data_has_no_breach(harness: &mut Harness) {
    harness.simulate(11, 2_000);
    let report = harness.verify();
    let model = &harness.model;
    let counts = [model.items.len(), model.orders.len(), model.events.len()].map(|count| count as u64);
    let (items, orders, events) = (counts[0], counts[1], counts[2]);
    assert_eq!(report, VerifyReport { items, orders, events, breaches: Vec::new() });
}

/// A store with correct data, and the number of its next event.
fn fill(harness: &mut Harness) -> u64 {
    harness.must(put("a"));
    harness.must(adjust("a", 10));
    harness.must(order(1, vec![units("a", 2)]));
    assert!(harness.verify().breaches.is_empty(), "correct so far");
    harness.model.events.len() as u64 + 1
}

/// Commits what no rule would have decided. The engine may refuse it; otherwise verification must
/// find it.
fn must_be_found(harness: &mut Harness, mut changes: BatchChanges, first_event: u64) {
    harness.begin();
    for (event, number) in changes.events.iter_mut().zip(first_event..) {
        event.sequence = number;
    }
    if harness.try_commit(&changes).is_ok() {
        assert!(!harness.verify().breaches.is_empty(), "a breach is found");
    } else {
        harness.check();
    }
}

pub(crate) fn unreserved_stock_is_found(harness: &mut Harness) {
    let next = fill(harness);
    let order = Order { id: OrderId(2), ..Order::clone(&harness.model.orders[&OrderId(1)]) };
    must_be_found(harness, placed(order), next);
}

pub(crate) fn unmoved_counter_is_found(harness: &mut Harness) {
    let next = fill(harness);
    let stock = Arc::clone(&harness.model.stocks[&sku("a")]);
    let moved = Stock { on_hand: stock.on_hand + 1, version: stock.version + 1, ..Stock::clone(&stock) };
    let stocks = vec![replaced(stock, moved)];
    must_be_found(harness, BatchChanges { stocks, ..BatchChanges::default() }, next);
}

pub(crate) fn gap_is_found(harness: &mut Harness) {
    let next = fill(harness);
    let events = vec![harness.model.events[0].clone()];
    must_be_found(harness, BatchChanges { events, ..BatchChanges::default() }, next + 1);
}

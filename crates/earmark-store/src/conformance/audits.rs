//! Does the audit see what is wrong? Books that are right, and books that were spoilt through the engine itself.

use std::sync::Arc;

use earmark_core::ids::OrderId;
use earmark_core::items::Stock;
use earmark_core::orders::Order;
use earmark_core::{BatchChanges, Change, Keys, WorkingSet};

use super::book::Book;
use super::commands::{adjust, order, put, sku, units};
use super::transactions::placed;
use crate::VerifyReport;

pub(super) fn right_books_are_clean(book: &mut Book) {
    book.simulate(11, 2_000);
    let report = book.audit();
    let model = &book.model;
    let counts = [model.items.len(), model.orders.len(), model.events.len()].map(|count| count as u64);
    let (items, orders, events) = (counts[0], counts[1], counts[2]);
    assert_eq!(report, VerifyReport { items, orders, events, breaches: Vec::new() });
}

/// Commits what no rule would have decided; an engine may refuse it, and otherwise its audit must see it.
fn seen(book: &mut Book, mut changes: BatchChanges, first_event: u64) {
    book.engine
        .begin(&Keys::default(), &mut WorkingSet::default(), &mut ())
        .expect("a transaction can begin");
    for (event, number) in changes.events.iter_mut().zip(first_event..) {
        event.sequence = number;
    }
    if book.try_commit(&changes).is_ok() {
        let breaches = book.audit().breaches;
        assert!(!breaches.is_empty(), "the audit must see it");
    } else {
        book.check();
    }
}

/// Books that are right, and the number of the next event.
fn furnish(book: &mut Book) -> u64 {
    book.must(put("a"));
    book.must(adjust("a", 10));
    book.must(order(1, vec![units("a", 2)]));
    assert!(book.audit().breaches.is_empty(), "right so far");
    book.model.events.len() as u64 + 1
}

pub(super) fn unreserved_stock_is_seen(book: &mut Book) {
    let next = furnish(book);
    let order = Order { id: OrderId(2), ..Order::clone(&book.model.orders[&OrderId(1)]) };
    seen(book, placed(order), next);
}

pub(super) fn unmoved_counter_is_seen(book: &mut Book) {
    let next = furnish(book);
    let stock = Arc::clone(&book.model.stocks[&sku("a")]);
    let moved = Stock { on_hand: stock.on_hand + 1, version: stock.version + 1, ..Stock::clone(&stock) };
    let change = Change { before: Some(stock), after: Some(Arc::new(moved)) };
    seen(book, BatchChanges { stocks: vec![change], ..BatchChanges::default() }, next);
}

pub(super) fn gap_is_seen(book: &mut Book) {
    let next = furnish(book);
    let event = book.model.events[0].clone();
    seen(book, BatchChanges { events: vec![event], ..BatchChanges::default() }, next + 1);
}

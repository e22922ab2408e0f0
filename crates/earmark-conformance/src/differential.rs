//! Do all engines come to the same? The same random log of commands on each, then everything that can be read, compared.

use std::collections::BTreeSet;

use earmark_core::orders::OrderStatus;
use earmark_core::{Command, Timestamp};

use super::book::{ALL, Book};
use super::due::sweep;
use super::lists::same;
use super::movements::read_all;
use crate::Fixture;
use crate::simulation::Simulation;
use earmark_store::{ItemFilter, OrderFilter, Pace, PaymentFilter, RefundFilter};

/// Carries the same random log of so many commands out on all stores, in batches, and compares the answers, rows and lists of each with the first's.
///
/// # Panics
/// If they differ; the message says in what, and from which seed.
pub fn differential(stores: impl IntoIterator<Item = Fixture>, seed: u64, commands: usize) {
    let mut books: Vec<Book> = stores.into_iter().map(Book::open).collect();
    assert!(books.len() > 1, "there is something to compare");
    let mut simulation = Simulation::new(seed);
    let mut left = commands;
    while left > 0 {
        let size = left.min(simulation.random().index(64).expect("not empty") + 1);
        left -= size;
        let batch: Vec<(Command, Timestamp)> = (0..size).map(|_| simulation.next_command()).collect();
        let verdicts: Vec<_> = books.iter_mut().map(|book| book.run_batch(&batch)).collect();
        for (place, (command, _)) in batch.iter().enumerate() {
            for other in &verdicts[1..] {
                assert_eq!(verdicts[0][place], other[place], "seed {seed}: the answers to {command:?}");
            }
            simulation.learn(command, &verdicts[0][place]);
        }
        if simulation.random().percent(5) {
            for (place, book) in books.iter_mut().enumerate() {
                let pace = if place % 2 == 0 { Pace::Idle } else { Pace::Busy };
                book.engine.maintain(pace).expect("housekeeping works");
            }
        }
    }
    for book in &mut books {
        book.now = simulation.now();
        book.check();
    }
    let audit = books[0].audit();
    assert!(audit.breaches.is_empty(), "seed {seed}: {:?}", audit.breaches);
    for other in &books[1..] {
        compare_lists(&books[0], other, seed);
        compare_movements(&books[0], other, seed);
        compare_due(&books[0], other, seed);
        assert_eq!(audit, other.audit(), "seed {seed}: the audits");
    }
}

fn compare_lists(a: &Book, b: &Book, seed: u64) {
    let filter = ItemFilter::default();
    let items = [a, b].map(|book| book.ask(|queries| queries.list_items(&filter, ALL)).rows);
    same(&format!("seed {seed}: items"), &items[0], &items[1]);
    let all = OrderFilter::default();
    let by_status = OrderStatus::ALL.map(|status| OrderFilter { status: Some(status), ..all.clone() });
    let skus = a.model.items.keys().map(|sku| OrderFilter { sku: Some(sku.clone()), ..all.clone() });
    let customers: BTreeSet<_> =
        a.model.orders.values().filter_map(|order| order.customer_id.clone()).collect();
    let customers = customers.into_iter().map(|id| OrderFilter { customer_id: Some(id), ..all.clone() });
    for filter in [all.clone()].into_iter().chain(by_status).chain(skus).chain(customers) {
        let orders = [a, b].map(|book| book.ask(|queries| queries.list_orders(&filter, ALL)).rows);
        same(&format!("seed {seed}: orders, {filter:?}"), &orders[0], &orders[1]);
    }
    for id in a.model.orders.keys() {
        let events = [a, b].map(|book| book.ask(|queries| queries.list_order_events(*id, 0, ALL)).rows);
        same(&format!("seed {seed}: events of {id}"), &events[0], &events[1]);
    }
    for id in a.model.carts.keys() {
        let carts = [a, b].map(|book| book.ask(|queries| queries.find_cart(*id)));
        assert_eq!(carts[0], carts[1], "seed {seed}: cart {id}");
    }
    let events = [a, b].map(|book| book.ask(|queries| queries.list_events(0, None, ALL)).rows);
    same(&format!("seed {seed}: events"), &events[0], &events[1]);
    let money = [a, b].map(|book| {
        let (payments, refunds) = (PaymentFilter::default(), RefundFilter::default());
        let payments = book.ask(|queries| queries.list_payments(&payments, ALL)).rows;
        (payments, book.ask(|queries| queries.list_refunds(&refunds, ALL)).rows)
    });
    same(&format!("seed {seed}: payments"), &money[0].0, &money[1].0);
    same(&format!("seed {seed}: refunds"), &money[0].1, &money[1].1);
    let keys = [a, b].map(|book| book.ask(|queries| queries.list_api_keys(None, ALL)).rows);
    same(&format!("seed {seed}: API keys"), &keys[0], &keys[1]);
}

fn compare_movements(a: &Book, b: &Book, seed: u64) {
    for sku in a.model.items.keys() {
        let movements = [a, b].map(|book| read_all(book, sku, 50));
        same(&format!("seed {seed}: movements of {sku}"), &movements[0], &movements[1]);
    }
}

fn compare_due(a: &Book, b: &Book, seed: u64) {
    for now in [a.now, Timestamp(a.now.0 - 3_600_000_000), Timestamp(i64::MAX / 2)] {
        let as_set = |book: &Book| {
            let reservations = book.ask(|queries| queries.list_due_reservations(now, ALL));
            let payments = book.ask(|queries| queries.list_due_payments(now, ALL));
            let refunds = book.ask(|queries| queries.list_due_refunds(now, ALL));
            let ids = payments.iter().chain(&refunds).map(|order| order.id);
            let carts = book.ask(|queries| queries.list_due_carts(now, ALL));
            let keys: BTreeSet<_> = sweep(book, now, 100).into_iter().collect();
            let orders: BTreeSet<_> = reservations.into_iter().chain(ids).collect();
            (orders, payments.len(), refunds.len(), carts.into_iter().collect::<BTreeSet<_>>(), keys)
        };
        assert!(as_set(a) == as_set(b), "seed {seed}: what is due at {now:?}");
    }
}

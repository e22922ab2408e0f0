//! Do all engines answer and store the same? The same random log of commands runs on each of them,
//! then all that can be read is compared.

use std::collections::BTreeSet;

use earmark_core::Timestamp;
use earmark_core::ids::{CartId, OrderId};
use earmark_core::orders::OrderStatus;
use earmark_store::{ItemFilter, OrderFilter, Pace, PaymentFilter, RefundFilter};

use crate::fixture::Fixture;
use crate::harness::{ALL, Harness};
use crate::lists::assert_same;
use crate::lists::movements::read_all;
use crate::simulation::Simulation;

/// Runs the same random log of so many commands on all stores, in batches, and compares the
/// answers, rows and lists of each with those of the first.
///
/// # Panics
/// If they differ; the message says where, and from which seed.
pub fn differential(stores: impl IntoIterator<Item = Fixture>, seed: u64, commands: usize) {
    let mut harnesses: Vec<Harness> = stores.into_iter().map(Harness::new).collect();
    assert!(harnesses.len() > 1, "there is something to compare");
    let mut simulation = Simulation::new(seed);
    let mut left = commands;
    while left > 0 {
        let batch = simulation.next_batch(left.min(64));
        left -= batch.len();
        let decided: Vec<_> = harnesses.iter_mut().map(|harness| harness.run_batch(&batch)).collect();
        for (place, (command, _)) in batch.iter().enumerate() {
            for other in &decided[1..] {
                assert_eq!(decided[0][place], other[place], "seed {seed}: the answers to {command:?}");
            }
            simulation.learn(command, &decided[0][place]);
        }
        if simulation.random().percent(5) {
            for (place, harness) in harnesses.iter_mut().enumerate() {
                let pace = if place % 2 == 0 { Pace::Idle } else { Pace::Busy };
                harness.engine.maintain(pace).expect("maintenance works");
            }
        }
    }
    for harness in &mut harnesses {
        harness.now = simulation.now();
        harness.check();
    }
    let report = harnesses[0].verify();
    assert!(report.breaches.is_empty(), "seed {seed}: {:?}", report.breaches);
    for other in &harnesses[1..] {
        compare_lists(&harnesses[0], other, seed);
        compare_movements(&harnesses[0], other, seed);
        compare_due(&harnesses[0], other, seed);
        assert_eq!(report, other.verify(), "seed {seed}: the reports of verification");
    }
}

fn compare_lists(a: &Harness, b: &Harness, seed: u64) {
    let filter = ItemFilter::default();
    let items = [a, b].map(|harness| harness.read(|queries| queries.list_items(&filter, ALL)).rows);
    assert_same(&format!("seed {seed}: items"), &items[0], &items[1]);
    let all = OrderFilter::default();
    let by_status = OrderStatus::ALL.map(|status| OrderFilter { status: Some(status), ..all.clone() });
    let skus = a.model.items.keys().map(|sku| OrderFilter { sku: Some(sku.clone()), ..all.clone() });
    let customers: BTreeSet<_> =
        a.model.orders.values().filter_map(|order| order.customer_id.clone()).collect();
    let customers = customers.into_iter().map(|id| OrderFilter { customer_id: Some(id), ..all.clone() });
    for filter in [all.clone()].into_iter().chain(by_status).chain(skus).chain(customers) {
        let orders = [a, b].map(|harness| harness.read(|queries| queries.list_orders(&filter, ALL)).rows);
        assert_same(&format!("seed {seed}: orders, {filter:?}"), &orders[0], &orders[1]);
    }
    for id in a.model.orders.keys() {
        let events =
            [a, b].map(|harness| harness.read(|queries| queries.list_order_events(*id, 0, ALL)).rows);
        assert_same(&format!("seed {seed}: events of {id}"), &events[0], &events[1]);
    }
    for id in a.model.carts.keys() {
        let carts = [a, b].map(|harness| harness.read(|queries| queries.find_cart(*id)));
        assert_eq!(carts[0], carts[1], "seed {seed}: cart {id}");
    }
    let events = [a, b].map(|harness| harness.read(|queries| queries.list_events(0, None, ALL)).rows);
    assert_same(&format!("seed {seed}: events"), &events[0], &events[1]);
    let money = [a, b].map(|harness| {
        let (payments, refunds) = (PaymentFilter::default(), RefundFilter::default());
        let payments = harness.read(|queries| queries.list_payments(&payments, ALL)).rows;
        (payments, harness.read(|queries| queries.list_refunds(&refunds, ALL)).rows)
    });
    assert_same(&format!("seed {seed}: payments"), &money[0].0, &money[1].0);
    assert_same(&format!("seed {seed}: refunds"), &money[0].1, &money[1].1);
    let keys = [a, b].map(|harness| harness.read(|queries| queries.list_api_keys(None, ALL)).rows);
    assert_same(&format!("seed {seed}: API keys"), &keys[0], &keys[1]);
}

fn compare_movements(a: &Harness, b: &Harness, seed: u64) {
    for sku in a.model.items.keys() {
        let movements = [a, b].map(|harness| harness.read(|queries| read_all(queries, sku, 50)));
        assert_same(&format!("seed {seed}: movements of {sku}"), &movements[0], &movements[1]);
    }
}

/// What is due at some moment, without the order of the lists.
#[derive(PartialEq)]
struct Due {
    orders: BTreeSet<OrderId>,
    payments: usize,
    refunds: usize,
    carts: BTreeSet<CartId>,
    idempotency_keys: BTreeSet<[u8; 16]>,
}

impl Due {
    fn read(harness: &Harness, now: Timestamp) -> Self {
        let reservations = harness.read(|queries| queries.list_due_reservations(now, ALL));
        let payments = harness.read(|queries| queries.list_due_payments(now, ALL));
        let refunds = harness.read(|queries| queries.list_due_refunds(now, ALL));
        let carts = harness.read(|queries| queries.list_due_carts(now, ALL));
        let of_money = payments.iter().chain(&refunds).map(|order| order.id);
        Self {
            orders: reservations.into_iter().chain(of_money).collect(),
            payments: payments.len(),
            refunds: refunds.len(),
            carts: carts.into_iter().collect(),
            idempotency_keys: harness.sweep(now, 100).into_iter().collect(),
        }
    }
}

fn compare_due(a: &Harness, b: &Harness, seed: u64) {
    for now in [a.now, Timestamp(a.now.0 - 3_600_000_000), Timestamp(i64::MAX / 2)] {
        assert!(Due::read(a, now) == Due::read(b, now), "seed {seed}: what is due at {now:?}");
    }
}

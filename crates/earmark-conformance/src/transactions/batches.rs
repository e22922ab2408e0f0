//! Is a batch saved whole or not at all, once, and seen by readers at once?

use std::sync::Arc;

use earmark_core::BatchChanges;
use earmark_core::ids::OrderId;
use earmark_core::items::Stock;
use earmark_core::orders::Order;
use earmark_store::OrderFilter;

use super::{fill, good_batch, must_refuse};
use crate::changes::replaced;
use crate::commands::{add, cancel, order, put, sku, units};
use crate::harness::Harness;

pub(crate) fn a_rollback_leaves_nothing(harness: &mut Harness) {
    fill(harness);
    good_batch(harness);
    harness.check();
    // A second rollback has no transaction to end.
    harness.engine.rollback();
    harness.engine.rollback();
    harness.check();
    let changes = good_batch(harness);
    harness.begin();
    harness.try_commit(&changes).expect("what was rolled back can be committed");
    harness.check();
}

pub(crate) fn one_bad_row_refuses_the_batch(harness: &mut Harness) {
    fill(harness);
    let stock = Arc::clone(&harness.model.stocks[&sku("b")]);
    let bad = Stock { reserved: stock.on_hand + 1, version: stock.version + 1, ..Stock::clone(&stock) };
    let stocks = vec![replaced(stock, bad)];
    must_refuse(harness, "more reserved than on hand", BatchChanges { stocks, ..BatchChanges::default() });
    let order = Arc::clone(&harness.model.orders[&OrderId(1)]);
    let bad = |spoil: fn(&mut Order)| {
        let mut after = Order { version: order.version + 1, ..Order::clone(&order) };
        spoil(&mut after);
        let orders = vec![replaced(Arc::clone(&order), after)];
        BatchChanges { orders, ..BatchChanges::default() }
    };
    let too_many = bad(|order| {
        let line = &mut order.lines[0];
        (line.cancelled, line.shipped) = (1, line.quantity);
    });
    must_refuse(harness, "more cancelled and shipped than ordered", too_many);
    must_refuse(harness, "more delivered than shipped", bad(|order| order.lines[0].delivered = 1));
}

pub(crate) fn a_batch_applied_twice_is_harmless(harness: &mut Harness) {
    fill(harness);
    let changes = good_batch(harness);
    harness.begin();
    harness.try_commit(&changes).expect("the first time is right");
    harness.begin();
    // The second time is refused, or changes nothing.
    if harness.engine.commit(&changes, &mut ()).is_err() {
        harness.engine.rollback();
    }
    harness.check();
    assert!(harness.verify().breaches.is_empty());
}

pub(crate) fn event_numbers_go_on(harness: &mut Harness) {
    for round in 0..5_u64 {
        harness.must_run_batch((0..=round).map(|_| put("a")));
        good_batch(harness);
        let rejected = harness.run(add(404, "a", 1));
        assert!(rejected.is_err());
    }
    let sequences: Vec<u64> = harness.model.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=15).collect::<Vec<_>>());
    harness.check();
}

pub(crate) fn readers_see_a_batch_at_once(harness: &mut Harness) {
    fill(harness);
    let all = OrderFilter::default();
    for id in 100..108 {
        harness.must(order(id, vec![units("a", 1)]));
        let order = harness.read(|queries| queries.find_order(OrderId(id)));
        assert_eq!(order.map(|order| order.id), Some(OrderId(id)));
        let newest = harness.read(|queries| queries.list_orders(&all, 1)).rows;
        assert_eq!(newest[0].id, OrderId(id));
        let item = sku("a");
        let stock = harness.read(|queries| queries.find_item(&item)).expect("it is there").stock;
        assert_eq!(stock, *harness.model.stocks[&item]);
        let last = harness.model.events.len() as u64 - 1;
        let events = harness.read(|queries| queries.list_events(last, None, 10)).rows;
        assert_eq!(events.len(), 1, "the event of this batch");
        harness.must(cancel(id, None, id));
        let order = harness.read(|queries| queries.find_order(OrderId(id))).expect("it is there");
        assert_eq!(order.version, 2);
    }
}

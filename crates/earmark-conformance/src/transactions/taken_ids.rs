//! Is a new row refused when its id, its number or its reference is taken?

use earmark_core::command::Action;
use earmark_core::event::{Event, Fact};
use earmark_core::ids::OrderId;
use earmark_core::items::Stock;
use earmark_core::orders::Order;
use earmark_core::orders::place::PlaceOrder;
use earmark_core::text::Reference;
use earmark_core::{Actor, BatchChanges, Timestamp};
use earmark_store::StoreError;

use super::{fill, must_refuse};
use crate::changes::{inserted, key_row, placed};
use crate::commands::{command, confirm, pay, place, sku, units};
use crate::harness::Harness;

pub(crate) fn are_refused(harness: &mut Harness) {
    fill(harness);
    let model = harness.model.clone();
    let none = BatchChanges::default;
    let stocks = vec![inserted(Stock::clone(&model.stocks[&sku("a")]))];
    must_refuse(harness, "stock that exists", BatchChanges { stocks, ..none() });
    let items = vec![inserted(model.items[&sku("a")].as_ref().clone())];
    must_refuse(harness, "an item that exists", BatchChanges { items, ..none() });
    let cart = model.carts.values().next().expect("there is a cart").as_ref().clone();
    must_refuse(harness, "a cart that exists", BatchChanges { carts: vec![inserted(cart)], ..none() });
    let api_keys = vec![inserted(key_row(5))];
    must_refuse(harness, "an API key that exists", BatchChanges { api_keys, ..none() });
    let taken = Order::clone(&model.orders[&OrderId(1)]);
    must_refuse(harness, "an order that exists", placed(taken));
    event_numbers_are_unique(harness);
    payment_ids_are_unique(harness);
    references_are_unique(harness);
}

fn event_numbers_are_unique(harness: &mut Harness) {
    let (fact, sku) = (Fact::ItemUpdated, Some(sku("a")));
    let event = Event { sequence: 1, at: Timestamp(1), actor: Actor::System, order_id: None, sku, fact };
    harness.begin();
    let changes = BatchChanges { events: vec![event], ..BatchChanges::default() };
    let error = harness.try_commit(&changes).expect_err("an event number that is taken");
    assert!(matches!(error, StoreError::Conflict(_) | StoreError::Refused(_)), "{error}");
    harness.check();
}

/// The gateway is called under the id of a payment, so no two payments may share one.
fn payment_ids_are_unique(harness: &mut Harness) {
    harness.must(pay(1, 900));
    harness.must(confirm(2));
    let now = harness.now;
    let (changes, decided) = harness.prepare(&[(pay(2, 900), now)]);
    assert!(decided[0].is_ok(), "the rules cannot see it: they load one order");
    harness.engine.rollback();
    must_refuse(harness, "a payment under the id of another", changes);
}

/// The reference is free when the order is decided, as if another node placed its order in between.
fn references_are_unique(harness: &mut Harness) {
    let reference = Reference::parse("taken").ok();
    let with = |id, item| {
        let reference = reference.clone();
        command(Action::PlaceOrder(PlaceOrder { reference, ..place(id, vec![units(item, 1)]) }))
    };
    let now = harness.now;
    let (changes, _) = harness.prepare(&[(with(20, "b"), now)]);
    harness.engine.rollback();
    harness.must(with(21, "a"));
    must_refuse(harness, "a reference that is taken", changes);
}

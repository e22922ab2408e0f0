//! Is a batch saved whole or not at all, once, and only on the rows that were loaded?

use std::sync::Arc;

use earmark_core::command::Action;
use earmark_core::event::{Event, Fact};
use earmark_core::idempotency::{IdempotencyRecord, KeptAnswer};
use earmark_core::ids::{KeyId, OrderId};
use earmark_core::items::Stock;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::orders::Order;
use earmark_core::orders::place::PlaceOrder;
use earmark_core::text::Reference;
use earmark_core::{Actor, BatchChanges, Change, Command, Keys, Outcome, Timestamp, WorkingSet};

use super::book::Book;
use super::commands::{
    add, adjust, cancel, cart, command, confirm, keyed, order, pay, place, put, sku, units,
};
use super::rows::key_row;
use crate::Fixture;
use earmark_store::StoreError;

/// A shop with something of every kind.
fn furnish(book: &mut Book) {
    book.must(put("a"));
    book.must(put("b"));
    book.must(adjust("a", 10));
    book.must(adjust("b", 10));
    book.must(cart(1));
    book.must(add(1, "a", 1));
    book.must(keyed(order(1, vec![units("a", 2)]), 1));
    let later = earmark_core::orders::place::Confirm::Later;
    book.must(command(Action::PlaceOrder(PlaceOrder { confirm: later, ..place(2, vec![units("b", 2)]) })));
    let changes = BatchChanges { api_keys: vec![inserted(key_row(5))], ..BatchChanges::default() };
    begin(book);
    book.try_commit(&changes).expect("a key can be saved");
    book.check();
}

fn begin(book: &mut Book) {
    book.engine
        .begin(&Keys::default(), &mut WorkingSet::default(), &mut ())
        .expect("a transaction can begin");
}

/// A row that was not there.
pub(super) fn inserted<R>(row: R) -> Change<R> {
    Change { before: None, after: Some(Arc::new(row)) }
}

/// Numbers the events of a batch that was decided earlier as if it had been decided now.
fn renumber(changes: &mut BatchChanges, last: usize) {
    for (event, number) in changes.events.iter_mut().zip(last as u64 + 1..) {
        event.sequence = number;
    }
}

/// A batch that is right by itself, to see that nothing of it stays.
fn innocent(book: &mut Book) -> BatchChanges {
    let now = book.now;
    let batch =
        [put("innocent"), adjust("innocent", 3), cart(77), keyed(order(77, vec![units("innocent", 1)]), 77)];
    let (changes, verdicts) = book.prepare(&batch.map(|command| (command, now)));
    assert!(verdicts.iter().all(Result::is_ok));
    book.engine.rollback();
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

/// Commits an innocent batch with a guilty part at its end; it must be refused whole, and the store must go on.
fn must_refuse(book: &mut Book, what: &str, guilty: BatchChanges) {
    let mut changes = joined(innocent(book), guilty);
    renumber(&mut changes, book.model.events.len());
    begin(book);
    let error = book.try_commit(&changes).expect_err(what);
    assert!(
        matches!(error, StoreError::Conflict(_) | StoreError::Refused(_)),
        "{what}: a batch that did not happen is a conflict or refused, not: {error}"
    );
    book.check();
    let absent = book.ask(|queries| queries.find_order(OrderId(77)));
    assert_eq!(absent, None, "{what}: nothing of the batch stays");
    assert!(book.run(adjust("b", 1)).is_ok(), "{what}: the store goes on");
    book.check();
}

pub(super) fn a_rollback_leaves_nothing(book: &mut Book) {
    furnish(book);
    innocent(book);
    book.check();
    // Undone twice, and with nothing open.
    book.engine.rollback();
    book.engine.rollback();
    book.check();
    let changes = innocent(book);
    begin(book);
    book.try_commit(&changes).expect("what was undone can be done");
    book.check();
}

/// Decides a command on the rows as they are, then lets another one be first.
fn overtaken(book: &mut Book, late: Command, first: Command) -> BatchChanges {
    let now = book.now;
    let (changes, verdicts) = book.prepare(&[(late, now)]);
    assert!(verdicts[0].is_ok(), "the late command is right: {:?}", verdicts[0]);
    book.engine.rollback();
    book.must(first);
    changes
}

pub(super) fn stale_versions_are_refused(book: &mut Book) {
    furnish(book);
    let stale = overtaken(book, adjust("a", 1), adjust("a", 2));
    must_refuse(book, "stock of an old version", stale);
    let stale = overtaken(book, put("a"), adjust("a", 1));
    must_refuse(book, "an item whose stock has an old version", stale);
    let stale = overtaken(book, add(1, "a", 1), add(1, "b", 1));
    must_refuse(book, "a cart of an old version", stale);
    let stale = overtaken(book, confirm(2), cancel(2, Some(vec![units("b", 1)]), 1));
    must_refuse(book, "an order of an old version", stale);
    let stale = overtaken(book, cancel(2, Some(vec![units("b", 1)]), 1), confirm(2));
    must_refuse(book, "an order of an old version, with its stock as loaded", stale);
    let revoke = || command(Action::RevokeKey(RevokeKey { id: KeyId(5) }));
    let stale = overtaken(book, revoke(), revoke());
    must_refuse(book, "an API key of an old version", stale);
    let gone = earmark_core::carts::delete::DeleteCart {
        cart_id: earmark_core::ids::CartId(1),
        due: earmark_core::carts::delete::Due::Now,
    };
    let stale = overtaken(book, command(Action::DeleteCart(gone.clone())), add(1, "b", 1));
    must_refuse(book, "a deleted cart of an old version", stale);
    let stale = overtaken(book, add(1, "b", 1), command(Action::DeleteCart(gone)));
    must_refuse(book, "a change of a cart that is gone", stale);
}

pub(super) fn taken_ids_are_refused(book: &mut Book) {
    furnish(book);
    let model = book.model.clone();
    let none = BatchChanges::default;
    let stock = Stock::clone(&model.stocks[&sku("a")]);
    must_refuse(book, "stock that exists", BatchChanges { stocks: vec![inserted(stock)], ..none() });
    let item = model.items[&sku("a")].as_ref().clone();
    must_refuse(book, "an item that exists", BatchChanges { items: vec![inserted(item)], ..none() });
    let cart = model.carts.values().next().expect("there is a cart").as_ref().clone();
    must_refuse(book, "a cart that exists", BatchChanges { carts: vec![inserted(cart)], ..none() });
    must_refuse(
        book,
        "an API key that exists",
        BatchChanges { api_keys: vec![inserted(key_row(5))], ..none() },
    );
    let taken = Order::clone(&model.orders[&OrderId(1)]);
    must_refuse(book, "an order that exists", placed(taken));
    event_numbers_are_unique(book);
    payments_have_ids_of_their_own(book);
    references_are_unique(book);
}

fn event_numbers_are_unique(book: &mut Book) {
    let (fact, sku) = (Fact::ItemUpdated, Some(sku("a")));
    let event = Event { sequence: 1, at: Timestamp(1), actor: Actor::System, order_id: None, sku, fact };
    begin(book);
    let changes = BatchChanges { events: vec![event], ..BatchChanges::default() };
    let error = book.try_commit(&changes).expect_err("an event number that is taken");
    assert!(matches!(error, StoreError::Conflict(_) | StoreError::Refused(_)), "{error}");
    book.check();
}

/// An order with the event that every new order has.
pub(super) fn placed(order: Order) -> BatchChanges {
    let (order_id, fact) = (Some(order.id), Fact::OrderCreated);
    let event =
        Event { sequence: 1, at: order.created_at, actor: Actor::Operator, order_id, sku: None, fact };
    BatchChanges { orders: vec![inserted(order)], events: vec![event], ..BatchChanges::default() }
}

/// The id of a payment is the key under which the gateway is called: it must never name two.
fn payments_have_ids_of_their_own(book: &mut Book) {
    book.must(pay(1, 900));
    book.must(confirm(2));
    let now = book.now;
    let (changes, verdicts) = book.prepare(&[(pay(2, 900), now)]);
    assert!(verdicts[0].is_ok(), "the rules cannot see it");
    book.engine.rollback();
    must_refuse(book, "a payment under the id of another", changes);
}

/// The reference is not loaded here, as if another node had placed the first order in between.
fn references_are_unique(book: &mut Book) {
    let reference = Reference::parse("taken").ok();
    let with = |id| {
        let reference = reference.clone();
        command(Action::PlaceOrder(PlaceOrder { reference, ..place(id, vec![units("b", 1)]) }))
    };
    let now = book.now;
    let (changes, _) = book.prepare(&[(with(20), now)]);
    book.engine.rollback();
    book.must(command(Action::PlaceOrder(PlaceOrder { reference, ..place(21, vec![units("a", 1)]) })));
    must_refuse(book, "a reference that is taken", changes);
}

/// An idempotency key that is saved as new, though it is there, must be refused. Not part of [`super::run`]: an engine that is alone on its file
/// has always loaded the key before, and may save itself the look-up. One with other writers beside it must not.
///
/// # Panics
/// If the engine takes it.
pub fn guards_idempotency_keys(make: impl Fn() -> Fixture) {
    let mut book = Book::open(make());
    furnish(&mut book);
    let (answer, created_at) = (KeptAnswer::Whole(Box::new(Outcome::Done)), Timestamp(1));
    let record = IdempotencyRecord { digest: [1; 16], fingerprint: [9; 16], answer, created_at };
    let guilty = BatchChanges { idempotency: vec![inserted(record)], ..BatchChanges::default() };
    must_refuse(&mut book, "an idempotency key that exists", guilty);
}

pub(super) fn one_bad_row_refuses_the_batch(book: &mut Book) {
    furnish(book);
    let stock = Arc::clone(&book.model.stocks[&sku("b")]);
    let bad = Stock { reserved: stock.on_hand + 1, version: stock.version + 1, ..Stock::clone(&stock) };
    let change = Change { before: Some(stock), after: Some(Arc::new(bad)) };
    must_refuse(
        book,
        "more reserved than on hand",
        BatchChanges { stocks: vec![change], ..BatchChanges::default() },
    );
    let bad = |spoil: fn(&mut Order)| {
        let order = Arc::clone(&book.model.orders[&OrderId(1)]);
        let mut after = Order { version: order.version + 1, ..Order::clone(&order) };
        spoil(&mut after);
        BatchChanges {
            orders: vec![Change { before: Some(order), after: Some(Arc::new(after)) }],
            ..BatchChanges::default()
        }
    };
    let too_many = bad(|order| {
        let line = &mut order.lines[0];
        (line.cancelled, line.shipped) = (1, line.quantity);
    });
    let undelivered = bad(|order| order.lines[0].delivered = 1);
    must_refuse(book, "more cancelled and shipped than ordered", too_many);
    must_refuse(book, "more delivered than shipped", undelivered);
}

pub(super) fn a_batch_applied_twice_is_harmless(book: &mut Book) {
    furnish(book);
    let changes = innocent(book);
    begin(book);
    book.try_commit(&changes).expect("once is right");
    begin(book);
    // Refused, or nothing is different.
    if book.engine.commit(&changes, &mut ()).is_err() {
        book.engine.rollback();
    }
    book.check();
    assert!(book.audit().breaches.is_empty());
}

pub(super) fn event_numbers_go_on(book: &mut Book) {
    for round in 0..5_u64 {
        let now = book.now;
        let batch: Vec<_> = (0..=round).map(|_| (put("a"), now)).collect();
        book.run_batch(&batch);
        innocent(book);
        let refused = book.run(add(404, "a", 1));
        assert!(refused.is_err());
    }
    let sequences: Vec<u64> = book.model.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=15).collect::<Vec<_>>());
    book.check();
}

pub(super) fn readers_see_a_batch_at_once(book: &mut Book) {
    furnish(book);
    let all = earmark_store::OrderFilter::default();
    for id in 100..108 {
        book.must(order(id, vec![units("a", 1)]));
        let order = book.ask(|queries| queries.find_order(OrderId(id)));
        assert_eq!(order.map(|order| order.id), Some(OrderId(id)));
        let newest = book.ask(|queries| queries.list_orders(&all, 1)).rows;
        assert_eq!(newest[0].id, OrderId(id));
        let item = sku("a");
        let stock = book.ask(|queries| queries.find_item(&item)).expect("it is there").stock;
        assert_eq!(stock, *book.model.stocks[&item]);
        let last = book.model.events.len() as u64 - 1;
        let events = book.ask(|queries| queries.list_events(last, None, 10)).rows;
        assert_eq!(events.len(), 1, "the event of this batch");
        book.must(cancel(id, None, id));
        let order = book.ask(|queries| queries.find_order(OrderId(id))).expect("it is there");
        assert_eq!(order.version, 2);
    }
}

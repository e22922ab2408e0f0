//! Does every row come back exactly as it was saved, whatever is filled in, and after every change?

use std::collections::BTreeMap;

use earmark_core::carts::create::CreateCart;
use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::command::Action;
use earmark_core::idempotency::{KeptAnswer, purge::PurgeIdempotencyKeys};
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::items::put::PutItem;
use earmark_core::keys::create::CreateKey;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::keys::{ApiKey, KeyRole};
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::expire::ExpireReservation;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{Address, CancelReason};
use earmark_core::payments::settle::PaymentResult;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::shipments::deliver::DeliverShipment;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::{CustomerId, Description, Metadata, Note, Reference, Url};
use earmark_core::{Access, Actor, Caller, Command, Rejection, Span, Timestamp};

use super::book::Book;
use super::commands::{
    add, adjust, cancel, cart, command, confirm, keyed, money, name, order, pay, place, put, settle, ship,
    sku, units,
};

pub(super) const AWKWARD: &str =
    "quotes ' \" ` \\ % _ \t\r\n {\"json\": [1]} é e\u{301} \u{1F9FA} \u{202E}rtl\u{202C} \u{1} \u{7F}";

pub(super) fn an_empty_store_has_nothing(book: &mut Book) {
    book.check();
    let none = sku("none");
    let nobody = CustomerId::parse("nobody").expect("a customer id");
    assert_eq!(book.ask(|queries| queries.find_item(&none)), None);
    assert_eq!(book.ask(|queries| queries.find_cart(CartId(1))), None);
    assert_eq!(book.ask(|queries| queries.find_order(OrderId(1))), None);
    assert_eq!(book.ask(|queries| queries.find_order_of_payment(PaymentId(1))), None);
    assert!(book.ask(|queries| queries.find_api_key(KeyId(1))).is_none());
    let filter = crate::OrderFilter { customer_id: Some(nobody), ..crate::OrderFilter::default() };
    assert!(book.ask(|queries| queries.list_orders(&filter, 10)).rows.is_empty());
    assert!(book.ask(|queries| queries.list_movements(&none, None, 10)).rows.is_empty());
    assert_eq!(book.audit(), crate::VerifyReport::default());
    book.ask(crate::Queries::ping);
}

fn metadata(text: &str) -> Metadata {
    Metadata::parse(BTreeMap::from([(text.chars().take(40).collect(), text.to_owned())])).expect("metadata")
}

/// An order with everything that a placement can say.
fn full_order(id: u128) -> PlaceOrder {
    let part = |what: &str| Some(name(&format!("{what} {AWKWARD}")));
    PlaceOrder {
        source: Source::Lines {
            lines: vec![units("full", 5), units("other", 3)],
            customer_id: Some(CustomerId::parse("customer:#1~").expect("a customer id")),
        },
        confirm: Confirm::Later,
        reference: Some(Reference::parse("PO/2026-'1'").expect("a reference")),
        shipping_address: Some(Address {
            name: part("name"),
            company: part("company"),
            line1: part("line1"),
            line2: part("line2"),
            city: part("city"),
            region: part("region"),
            postal_code: part("postal_code"),
            country: part("country"),
            phone: part("phone"),
        }),
        metadata: metadata(AWKWARD),
        ..place(id, Vec::new())
    }
}

/// The catalogue that the full order is placed from.
fn full_catalogue() -> Vec<Command> {
    let item = PutItem {
        sku: sku("full"),
        name: name(AWKWARD),
        unit_price: money(1999),
        description: Some(Description::parse(AWKWARD).expect("a description")),
        active: Some(true),
        image_url: Some(Url::parse("https://example.com/a?b='c'&d=%20").expect("a URL")),
        metadata: Some(metadata(AWKWARD)),
    };
    vec![command(Action::PutItem(item)), put("other"), adjust("full", 10), adjust("other", 10)]
}

/// The whole life of the full order, with every kind of thing that can belong to it.
fn full_life(id: u128) -> Vec<Command> {
    let (order_id, note) = (OrderId(id), || Some(Note::parse(AWKWARD).expect("a note")));
    let gone = |lines, refund, reason| {
        let (note, refund_id) = (note(), RefundId(refund));
        command(Action::CancelOrder(CancelOrder { order_id, lines, reason, note, refund_id }))
    };
    let refunded = |refund, result| {
        let refund_id = RefundId(refund);
        command(Action::SettleRefund(SettleRefund { order_id, refund_id, result }))
    };
    let (code, reference) = (name("insufficient_funds"), Some(name("gw 1 \"x\"")));
    let parcel = ShipOrder {
        order_id,
        shipment_id: ShipmentId(id + 1),
        lines: Some(vec![units("full", 2), units("other", 1)]),
        carrier: Some(name(AWKWARD)),
        tracking_number: Some(name("AB 1")),
        tracking_url: Some(Url::parse("http://example.com/?t=1").expect("a URL")),
    };
    let delivered = |shipment| {
        let shipment_id = ShipmentId(shipment);
        command(Action::DeliverShipment(DeliverShipment { order_id, shipment_id }))
    };
    let customer = Actor::Customer(CustomerId::parse("customer:#1~").expect("a customer id"));
    vec![
        command(Action::PlaceOrder(full_order(id))),
        Command { caller: Caller { actor: customer, access: Access::All }, ..confirm(id) },
        pay(id, id + 1),
        settle(id, id + 1, PaymentResult::Declined { code: code.clone(), reference: reference.clone() }),
        pay(id, id + 2),
        settle(id, id + 2, PaymentResult::Failed { code }),
        pay(id, id + 3),
        settle(id, id + 3, PaymentResult::Unknown { next_attempt_at: Timestamp(1_800_000_000_000_000) }),
        gone(Some(vec![units("full", 1)]), id + 1, CancelReason::Inventory),
        settle(id, id + 3, PaymentResult::Succeeded { reference }),
        gone(Some(vec![units("other", 1)]), id + 4, CancelReason::Fraud),
        gone(Some(vec![units("full", 1)]), id + 5, CancelReason::Other),
        refunded(id + 3, RefundResult::Unknown { next_attempt_at: Timestamp(1_800_000_000_000_000) }),
        refunded(id + 4, RefundResult::Succeeded),
        refunded(id + 5, RefundResult::Failed),
        Command {
            caller: Caller { actor: Actor::Key(KeyId(7)), access: Access::All },
            ..command(Action::ShipOrder(parcel))
        },
        delivered(id + 1),
        ship(id, id + 2, None),
        delivered(id + 2),
    ]
}

fn api_key(id: u128, role: KeyRole) -> Command {
    let (id, name) = (KeyId(id), (role == KeyRole::Admin).then(|| name(AWKWARD)));
    command(Action::CreateKey(CreateKey { id, name, role, secret_hash: [0xA5; 32] }))
}

pub(super) fn filled_rows_come_back(book: &mut Book) {
    for command in full_catalogue() {
        book.must(command);
        book.check();
    }
    let customer_id = CustomerId::parse("c").ok();
    let (id, ttl) = (CartId(9), Span::from_seconds(60));
    let full_cart = CreateCart { id, customer_id, metadata: metadata(AWKWARD), ttl };
    book.must(command(Action::CreateCart(full_cart)));
    book.must(add(9, "full", 2));
    book.must(add(9, "other", 1));
    book.check();
    for command in full_life(100) {
        book.must(command);
        book.check();
    }
    book.must(api_key(1, KeyRole::Admin));
    book.must(command(Action::RevokeKey(RevokeKey { id: KeyId(1) })));
    book.check();
    let order = &book.model.orders[&OrderId(100)];
    assert_eq!((order.payments.len(), order.refunds.len(), order.shipments.len()), (3, 3, 2), "it is full");
}

pub(super) fn bare_rows_come_back(book: &mut Book) {
    let free = PutItem {
        sku: sku("free"),
        name: name("free"),
        unit_price: money(0),
        description: None,
        active: Some(false),
        image_url: None,
        metadata: None,
    };
    book.must(command(Action::PutItem(PutItem { active: None, ..free.clone() })));
    book.must(put("a"));
    book.must(adjust("free", 3));
    book.must(adjust("a", 3));
    book.must(cart(1));
    book.must(order(1, vec![units("free", 1)]));
    let later = PlaceOrder { confirm: Confirm::Later, ..place(2, vec![units("a", 1)]) };
    book.must(command(Action::PlaceOrder(later)));
    book.must(command(Action::PutItem(free)));
    book.must(api_key(2, KeyRole::Service));
    book.check();
    book.must(ship(1, 1, None));
    let late = Timestamp(book.now.0 + 7_200_000_000);
    let expire = command(Action::ExpireReservation(ExpireReservation { order_id: OrderId(2) }));
    book.run_batch(&[(expire, late)]).remove(0).expect("it is due");
    book.check();
}

/// Commands whose answers are kept in every way there is, in an order in which each succeeds.
fn answered() -> Vec<Command> {
    let order_id = OrderId(100);
    let lines = vec![units("full", 1), units("other", 1)];
    let key = CreateKey { id: KeyId(3), name: None, role: KeyRole::Service, secret_hash: [3; 32] };
    let deliver = DeliverShipment { order_id, shipment_id: ShipmentId(1) };
    let gone = DeleteCart { cart_id: CartId(9), due: Due::Now };
    let succeeded = PaymentResult::Succeeded { reference: None };
    let mut commands = full_catalogue();
    commands.extend([
        cart(9),
        add(9, "full", 2),
        command(Action::PlaceOrder(full_order(100))),
        confirm(100),
        pay(100, 1),
        settle(100, 1, succeeded),
        cancel(100, Some(lines), 1),
        ship(100, 1, Some(vec![units("full", 1)])),
        command(Action::DeliverShipment(deliver)),
        command(Action::CreateKey(key)),
        command(Action::DeleteCart(gone)),
    ]);
    commands.into_iter().zip(1..).map(|(command, number)| keyed(command, number)).collect()
}

pub(super) fn every_kept_answer_is_given_again(book: &mut Book) {
    let commands = answered();
    let answers: Vec<_> = commands.iter().map(|command| book.must(command.clone())).collect();
    book.check();
    for (command, first) in commands.iter().zip(&answers) {
        let digest = command.idempotency.expect("all have keys").digest;
        let again = book.must(command.clone());
        assert!(again.replayed && !first.replayed, "the second answer is a replay");
        match &book.model.idempotency[&digest].answer {
            // The one answer that moves on: a payment is shown as it now stands.
            KeptAnswer::Payment(..) => assert_ne!(again.outcome, first.outcome, "the payment has settled"),
            KeptAnswer::Placed(_) | KeptAnswer::Whole(_) => {
                assert_eq!(again.outcome, first.outcome, "the first answer again");
            }
        }
        let mut other = command.clone();
        other.idempotency.as_mut().expect("all have keys").fingerprint = [0; 16];
        assert_eq!(book.run(other), Err(Rejection::IdempotencyKeyReused));
    }
    book.check();
}

pub(super) fn an_update_writes_the_whole_order(book: &mut Book) {
    full_catalogue().into_iter().for_each(|command| drop(book.must(command)));
    book.must(order(50, vec![units("full", 1), units("other", 1)]));
    for command in full_life(100) {
        // All of it is held against the model: what this command did not touch must be as it was.
        book.must(command);
        book.check();
    }
    assert_eq!(book.model.orders[&OrderId(50)].version, 1, "nobody touched the other order");
}

pub(super) fn deleted_carts_are_gone(book: &mut Book) {
    let delete = |id, due| command(Action::DeleteCart(DeleteCart { cart_id: CartId(id), due }));
    book.must(cart(1));
    book.must(cart(2));
    book.must(delete(1, Due::IfExpired));
    assert!(book.ask(|queries| queries.find_cart(CartId(1))).is_some(), "not yet");
    book.must(delete(1, Due::Now));
    assert_eq!(book.ask(|queries| queries.find_cart(CartId(1))), None);
    assert_eq!(book.run(delete(1, Due::Now)), Err(Rejection::NotFound));
    book.check();
    // Made and deleted in one batch: it was never there.
    let now = book.now;
    let verdicts = book.run_batch(&[(cart(3), now), (delete(3, Due::Now), now)]);
    assert!(verdicts.iter().all(Result::is_ok));
    assert_eq!(book.ask(|queries| queries.find_cart(CartId(3))), None);
    book.must(cart(1));
    book.check();
}

pub(super) fn purged_keys_are_free_again(book: &mut Book) {
    book.must(put("a"));
    book.must(keyed(adjust("a", 1), 1));
    book.must(keyed(adjust("a", 1), 2));
    let purge = |digests| {
        command(Action::PurgeIdempotencyKeys(PurgeIdempotencyKeys { digests, kept: Span::from_seconds(60) }))
    };
    book.must(purge(vec![[1; 16], [2; 16]]));
    assert_eq!(book.model.idempotency.len(), 2, "they are too young");
    let late = Timestamp(book.now.0 + 60_000_000);
    // In one batch: forgotten, and used again.
    let verdicts = book.run_batch(&[(purge(vec![[1; 16], [9; 16]]), late), (keyed(adjust("a", 5), 1), late)]);
    assert!(verdicts.iter().flatten().all(|answer| !answer.replayed));
    book.check();
    assert_eq!(book.model.stocks[&sku("a")].on_hand, 7);
    let verdicts = book.run_batch(&[(purge(vec![[2; 16]]), late)]);
    assert!(verdicts[0].is_ok());
    assert_eq!(book.model.idempotency.len(), 1);
    book.check();
    assert!(book.must(keyed(adjust("a", 5), 1)).replayed, "the new use is kept");
    assert!(!book.must(keyed(adjust("a", 1), 2)).replayed, "the old use is forgotten");
    book.check();
}

pub(super) fn references_lead_to_their_orders(book: &mut Book) {
    book.must(put("a"));
    book.must(adjust("a", 10));
    let with = |id, reference| {
        let reference = Some(Reference::parse(reference).expect("a reference"));
        command(Action::PlaceOrder(PlaceOrder { reference, ..place(id, vec![units("a", 1)]) }))
    };
    book.must(with(1, "one"));
    book.must(with(2, "ONE"));
    book.check();
    let taken = Err(Rejection::AlreadyExists { order_id: OrderId(1) });
    assert_eq!(book.run(with(3, "one")), taken);
    book.must(cancel(1, None, 1));
    assert_eq!(book.run(with(4, "one")), taken, "for ever");
    book.check();
}

/// A key row, for cases that write rows themselves.
pub(super) fn key_row(id: u128) -> ApiKey {
    ApiKey {
        id: KeyId(id),
        name: None,
        role: KeyRole::Admin,
        secret_hash: [1; 32],
        version: 1,
        created_at: Timestamp(1),
        revoked_at: None,
    }
}

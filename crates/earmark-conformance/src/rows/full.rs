//! Do rows with every field filled come back as saved, after every change of their life?

use std::collections::BTreeMap;

use earmark_core::carts::create::CreateCart;
use earmark_core::command::Action;
use earmark_core::ids::{CartId, KeyId, OrderId, RefundId, ShipmentId};
use earmark_core::items::put::PutItem;
use earmark_core::keys::create::CreateKey;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{Address, CancelReason};
use earmark_core::payments::settle::PaymentResult;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::shipments::deliver::DeliverShipment;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::{CustomerId, Description, Metadata, Note, Reference, Url};
use earmark_core::{Access, Actor, Caller, Command, Span, Timestamp};

use crate::commands::{
    add, adjust, admin_key, command, confirm, create_key, money, name, order, pay, place, put, settle, ship,
    sku, units,
};
use crate::harness::Harness;

/// Text that a careless query or encoding would spoil.
const AWKWARD: &str =
    "quotes ' \" ` \\ % _ \t\r\n {\"json\": [1]} é e\u{301} \u{1F9FA} \u{202E}rtl\u{202C} \u{1} \u{7F}";

fn metadata(text: &str) -> Metadata {
    Metadata::parse(BTreeMap::from([(text.chars().take(40).collect(), text.to_owned())])).expect("metadata")
}

/// An order with every field of a placement filled.
pub(crate) fn full_order(id: u128) -> PlaceOrder {
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

/// The items of the full order, with stock.
pub(crate) fn full_catalogue() -> Vec<Command> {
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

/// The whole life of the full order, with everything that can belong to it.
fn full_life(id: u128) -> Vec<Command> {
    let (order_id, note) = (OrderId(id), || Some(Note::parse(AWKWARD).expect("a note")));
    let cancelled = |lines, refund, reason| {
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
        cancelled(Some(vec![units("full", 1)]), id + 1, CancelReason::Inventory),
        settle(id, id + 3, PaymentResult::Succeeded { reference }),
        cancelled(Some(vec![units("other", 1)]), id + 4, CancelReason::Fraud),
        cancelled(Some(vec![units("full", 1)]), id + 5, CancelReason::Other),
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

pub(crate) fn full_rows_come_back(harness: &mut Harness) {
    for command in full_catalogue() {
        harness.must(command);
        harness.check();
    }
    let customer_id = CustomerId::parse("c").ok();
    let (id, ttl) = (CartId(9), Span::from_seconds(60));
    let full_cart = CreateCart { id, customer_id, metadata: metadata(AWKWARD), ttl };
    harness.must(command(Action::CreateCart(full_cart)));
    harness.must(add(9, "full", 2));
    harness.must(add(9, "other", 1));
    harness.check();
    for command in full_life(100) {
        harness.must(command);
        harness.check();
    }
    harness.must(create_key(CreateKey { name: Some(name(AWKWARD)), ..admin_key(1) }));
    harness.must(command(Action::RevokeKey(RevokeKey { id: KeyId(1) })));
    harness.check();
    let order = &harness.model.orders[&OrderId(100)];
    assert_eq!((order.payments.len(), order.refunds.len(), order.shipments.len()), (3, 3, 2), "it is full");
}

pub(crate) fn an_update_writes_the_whole_order(harness: &mut Harness) {
    full_catalogue().into_iter().for_each(|command| drop(harness.must(command)));
    harness.must(order(50, vec![units("full", 1), units("other", 1)]));
    for command in full_life(100) {
        // The whole order is compared with the model: what this command did not change must be as
        // before.
        harness.must(command);
        harness.check();
    }
    assert_eq!(harness.model.orders[&OrderId(50)].version, 1, "the other order did not change");
}

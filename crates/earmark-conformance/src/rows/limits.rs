//! Do rows come back whole that are as large, as long and as extreme as the contract allows?

use std::collections::BTreeMap;

use earmark_core::Timestamp;
use earmark_core::carts::{LINES_MAX, QUANTITY_MAX};
use earmark_core::command::Action;
use earmark_core::ids::{CartId, OrderId, PaymentId, RefundId};
use earmark_core::items::ON_HAND_MAX;
use earmark_core::items::put::PutItem;
use earmark_core::money::MINOR_MAX;
use earmark_core::orders::CancelReason;
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::place::{PlaceOrder, Source};
use earmark_core::payments::Token;
use earmark_core::payments::settle::PaymentResult;
use earmark_core::payments::start::StartPayment;
use earmark_core::text::{CustomerId, Description, Metadata, Name, Note, Reference, Sku, TOKEN_LEN_MAX, Url};
use earmark_store::OrderFilter;

use crate::commands::{
    add, adjust, cancel, cart, command, keyed, money, name, order, pay, place, put, settle, ship, units,
};
use crate::harness::Harness;

/// A character of four bytes in UTF-8 and two units in UTF-16.
const WIDE: &str = "\u{1F9FA}";

fn full_metadata() -> Metadata {
    let pair = |number: usize| (format!("{number:02}{}", WIDE.repeat(38)), WIDE.repeat(500));
    Metadata::parse((0..Metadata::PAIRS_MAX).map(pair).collect::<BTreeMap<_, _>>()).expect("metadata")
}

fn wide_name() -> Name {
    name(&WIDE.repeat(200))
}

fn largest_item(text: &str) -> PutItem {
    PutItem {
        sku: Sku::parse(text).expect("a SKU"),
        name: wide_name(),
        unit_price: money(MINOR_MAX),
        description: Description::parse(&WIDE.repeat(10_000)).ok(),
        active: Some(true),
        image_url: Url::parse(&format!("https://{}", "x".repeat(1_992))).ok(),
        metadata: Some(full_metadata()),
    }
}

pub(crate) fn rows_at_their_limits_come_back(harness: &mut Harness) {
    let text = "x".repeat(64);
    let item = largest_item(&text);
    assert!(item.description.is_some() && item.image_url.is_some());
    harness.must(keyed(command(Action::PutItem(item)), 1));
    harness.must(adjust(&text, i64::from(ON_HAND_MAX)));
    let largest = PlaceOrder {
        source: Source::Lines {
            lines: vec![units(&text, 1)],
            customer_id: CustomerId::parse(&"~".repeat(64)).ok(),
        },
        reference: Reference::parse(&"!".repeat(64)).ok(),
        metadata: full_metadata(),
        ..place(1, Vec::new())
    };
    harness.must(keyed(command(Action::PlaceOrder(largest)), 2));
    let token = Token::parse(&"t".repeat(TOKEN_LEN_MAX)).expect("a token");
    let (order_id, payment_id) = (OrderId(1), PaymentId(1));
    let start = StartPayment { order_id, payment_id, token, amount: None, gateway: wide_name() };
    harness.must(keyed(command(Action::StartPayment(start)), 3));
    harness.must(settle(1, 1, PaymentResult::Succeeded { reference: Some(wide_name()) }));
    harness.check();
    let note = Note::parse(&WIDE.repeat(1_000)).ok();
    let (reason, refund_id) = (CancelReason::Customer, RefundId(1));
    let all = CancelOrder { order_id, lines: None, reason, note, refund_id };
    harness.must(keyed(command(Action::CancelOrder(all)), 4));
    harness.check();
    assert_eq!(harness.model.orders[&order_id].refunded_total(), money(MINOR_MAX));
    // The most units that a line may have.
    harness.must(put("many"));
    harness.must(adjust("many", i64::from(ON_HAND_MAX)));
    harness.must(order(2, vec![units("many", QUANTITY_MAX)]));
    harness.check();
}

pub(crate) fn long_rows_come_back(harness: &mut Harness) {
    let skus: Vec<String> = (0..LINES_MAX).map(|number| format!("line-{number}")).collect();
    harness.must_run_batch(skus.iter().flat_map(|text| [put(text), adjust(text, 9)]));
    harness.must(cart(1));
    harness.must_run_batch(skus.iter().map(|text| add(1, text, 2)));
    harness.check();
    let source = Source::Cart { cart_id: CartId(1), skus: None };
    harness.must(command(Action::PlaceOrder(PlaceOrder { source, ..place(1, Vec::new()) })));
    harness.check();
    assert_eq!(harness.model.orders[&OrderId(1)].lines.len(), LINES_MAX);
    harness.must(pay(1, 1));
    harness.must(settle(1, 1, PaymentResult::Succeeded { reference: None }));
    let some = |step: usize| skus.iter().step_by(step).map(|text| units(text, 1)).collect::<Vec<_>>();
    harness.must(keyed(cancel(1, Some(some(2)), 1), 1));
    harness.must(keyed(ship(1, 1, Some(some(3))), 2));
    harness.check();
    harness.must(ship(1, 2, None));
    harness.check();
}

pub(crate) fn extremes_come_back(harness: &mut Harness) {
    harness.must(put("a"));
    harness.must(adjust("a", 100));
    // Ids have no sign, so the highest bit must not turn their order around.
    for id in [0, 1, 1 << 64, (1 << 127) - 1, 1 << 127, u128::MAX] {
        harness.must(order(id, vec![units("a", 1)]));
        harness.must(cart(id));
        harness.must(pay(id, id));
    }
    harness.check();
    let all = OrderFilter::default();
    let orders = harness.read(|queries| queries.list_orders(&all, 10)).rows;
    let ids: Vec<u128> = orders.iter().map(|order| order.id.0).collect();
    assert_eq!(ids, [u128::MAX, 1 << 127, (1 << 127) - 1, 1 << 64, 1, 0], "highest id first");
    for at in [Timestamp(0), Timestamp(253_402_300_799_999_999)] {
        let id = u128::from(at.0.unsigned_abs()) + 7;
        let batch = [(keyed(order(id, vec![units("a", 1)]), at.0.to_le_bytes()[0]), at), (cart(id), at)];
        assert!(harness.run_batch(&batch).iter().all(Result::is_ok));
    }
    harness.check();
}

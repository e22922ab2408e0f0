//! Does an empty store have nothing, and do rows with every optional field empty come back as
//! saved?

use earmark_core::Timestamp;
use earmark_core::command::Action;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId};
use earmark_core::items::put::PutItem;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::orders::expire::ExpireReservation;
use earmark_core::orders::place::{Confirm, PlaceOrder};
use earmark_core::text::CustomerId;
use earmark_store::{OrderFilter, Queries, VerifyReport};

use crate::commands::{
    adjust, admin_key, cart, command, create_key, money, name, order, place, put, ship, sku, units,
};
use crate::harness::Harness;

pub(crate) fn an_empty_store_has_nothing(harness: &mut Harness) {
    harness.check();
    let none = sku("none");
    let customer = CustomerId::parse("none").expect("a customer id");
    assert_eq!(harness.read(|queries| queries.find_item(&none)), None);
    assert_eq!(harness.read(|queries| queries.find_cart(CartId(1))), None);
    assert_eq!(harness.read(|queries| queries.find_order(OrderId(1))), None);
    assert_eq!(harness.read(|queries| queries.find_order_of_payment(PaymentId(1))), None);
    assert!(harness.read(|queries| queries.find_api_key(KeyId(1))).is_none());
    let filter = OrderFilter { customer_id: Some(customer), ..OrderFilter::default() };
    assert!(harness.read(|queries| queries.list_orders(&filter, 10)).rows.is_empty());
    assert!(harness.read(|queries| queries.list_movements(&none, None, 10)).rows.is_empty());
    assert_eq!(harness.verify(), VerifyReport::default());
    harness.read(Queries::ping);
}

pub(crate) fn bare_rows_come_back(harness: &mut Harness) {
    let free = PutItem {
        sku: sku("free"),
        name: name("free"),
        unit_price: money(0),
        description: None,
        active: Some(false),
        image_url: None,
        metadata: None,
    };
    harness.must(command(Action::PutItem(PutItem { active: None, ..free.clone() })));
    harness.must(put("a"));
    harness.must(adjust("free", 3));
    harness.must(adjust("a", 3));
    harness.must(cart(1));
    harness.must(order(1, vec![units("free", 1)]));
    let later = PlaceOrder { confirm: Confirm::Later, ..place(2, vec![units("a", 1)]) };
    harness.must(command(Action::PlaceOrder(later)));
    harness.must(command(Action::PutItem(free)));
    harness.must(create_key(CreateKey { role: KeyRole::Service, ..admin_key(2) }));
    harness.check();
    harness.must(ship(1, 1, None));
    let late = Timestamp(harness.now.0 + 7_200_000_000);
    let expire = command(Action::ExpireReservation(ExpireReservation { order_id: OrderId(2) }));
    harness.run_batch(&[(expire, late)]).remove(0).expect("it is due");
    harness.check();
}

//! Is an order placed as a whole or not at all?

use earmark_core::carts::{LINES_MAX, QUANTITY_MAX};
use earmark_core::ids::OrderId;
use earmark_core::money::MINOR_MAX;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{OrderStatus, PaymentSummary};
use earmark_core::text::Reference;
use earmark_core::{Rejection, Shortage};

use crate::given::{
    Expect, World, add, adjust, by, cancel, cart, check, customer, from_cart, if_match, item, just, keyed,
    money, order, place, put, sku, units, wanted,
};

fn filled_cart() -> World {
    World::shop().and(cart(1, Some("ann"))).and(add(1, "a", 2)).and(add(1, "b", 1))
}

fn short(sku_: &str, requested: u64, available: u32) -> Shortage {
    Shortage { sku: sku(sku_), requested, available }
}

#[test]
fn an_order_reserves_and_fixes_prices() {
    check(
        World::shop(),
        place(wanted(1, &[("a", 2), ("b", 3)])),
        Expect::Done(&["order.created"], |after| {
            let order = after.order();
            assert_eq!((order.status(), order.version), (OrderStatus::Created, 1));
            assert_eq!(
                (order.total().minor(), order.placed_total.minor(), order.balance_due().minor()),
                (2999, 2999, 2999)
            );
            assert_eq!(order.payment_summary(), PaymentSummary::Unpaid);
            assert_eq!((after.world.counters("a"), after.world.counters("b")), ((10, 2), (5, 3)));
            assert_eq!(order.reserved_until, order.created_at.after(earmark_core::Span::from_seconds(1800)));
        }),
    );
}

#[test]
fn duplicates_in_a_request_are_added_up_before_anything_is_checked() {
    check(
        World::shop(),
        place(wanted(1, &[("a", 2), ("b", 1), ("a", 3)])),
        Expect::Done(&["order.created"], |after| {
            let lines = &after.order().lines;
            assert_eq!((lines.len(), lines[0].quantity, lines[1].quantity), (2, 5, 1));
        }),
    );
    // Each line alone would fit.
    let shortages = vec![short("a", 12, 10)];
    check(
        World::shop(),
        place(wanted(1, &[("a", 6), ("a", 6)])),
        Expect::Refused(Rejection::InsufficientStock { shortages }),
    );
    let lines = [("a", QUANTITY_MAX), ("a", 1)];
    check(World::shop(), place(wanted(1, &lines)), Expect::Invalid("/lines/1/quantity"));
}

#[test]
fn all_shortages_are_told_at_once_and_nothing_is_reserved() {
    let lines = [("a", 11), ("free", 1), ("b", 6)];
    let shortages = vec![short("a", 11, 10), short("b", 6, 5)];
    check(
        World::shop(),
        place(wanted(1, &lines)),
        Expect::Refused(Rejection::InsufficientStock { shortages }),
    );
    let sold_out = World::shop().and(order(1, &[("a", 10)]));
    let shortages = vec![short("a", 1, 0)];
    check(
        sold_out,
        place(wanted(2, &[("a", 1)])),
        Expect::Refused(Rejection::InsufficientStock { shortages }),
    );
}

#[test]
fn the_last_unit_can_be_sold_once() {
    let given = World::shop().and(order(1, &[("a", 9)]));
    check(
        given,
        order(2, &[("a", 1)]),
        Expect::Done(&["order.created", "order.confirmed"], |after| {
            assert_eq!(after.world.counters("a"), (10, 10));
        }),
    );
    let given = World::shop().and(order(1, &[("a", 10)])).and(cancel(1));
    check(given, order(2, &[("a", 10)]), Expect::Done(&["order.created", "order.confirmed"], just));
}

#[test]
fn lines_have_their_limits() {
    check(World::shop(), place(wanted(1, &[])), Expect::Invalid("/lines"));
    check(World::shop(), place(wanted(1, &[("a", 0)])), Expect::Invalid("/lines/0/quantity"));
    check(
        World::shop(),
        place(wanted(1, &[("b", 1), ("a", QUANTITY_MAX + 1)])),
        Expect::Invalid("/lines/1/quantity"),
    );
    check(World::shop(), place(wanted(1, &[("a", 1), ("none", 1)])), Expect::Invalid("/lines/1/sku"));
    check(World::shop(), place(wanted(1, &vec![("a", 1); LINES_MAX + 1])), Expect::Invalid("/lines"));
    let dear = World::shop().and(put(item("a", MINOR_MAX)));
    check(dear, place(wanted(1, &[("a", 1), ("b", 1)])), Expect::Invalid("/lines"));
    let dear = World::shop().and(put(item("a", MINOR_MAX)));
    check(dear, place(wanted(1, &[("a", 1)])), Expect::Done(&["order.created"], just));
}

#[test]
fn items_not_sold_any_more_are_named() {
    let skus = vec![sku("gone")];
    check(
        World::shop(),
        place(wanted(1, &[("gone", 1), ("a", 99)])),
        Expect::Refused(Rejection::ItemInactive { skus }),
    );
}

#[test]
fn expected_total_guards_against_a_change_of_price() {
    let expecting =
        |total| place(PlaceOrder { expected_total: Some(money(total)), ..wanted(1, &[("a", 2)]) });
    check(World::shop(), expecting(2000), Expect::Done(&["order.created"], just));
    let changed = Rejection::PriceChanged { expected_total: money(1999), total: money(2000) };
    check(World::shop(), expecting(1999), Expect::Refused(changed));
}

#[test]
fn confirm_true_also_confirms() {
    check(
        World::shop(),
        order(1, &[("a", 1)]),
        Expect::Done(&["order.created", "order.confirmed"], |after| {
            assert_eq!(after.order().status(), OrderStatus::Confirmed);
        }),
    );
}

#[test]
fn an_order_with_nothing_to_pay_is_paid_when_it_is_confirmed() {
    let events = &["order.created", "order.confirmed", "order.paid"];
    check(
        World::shop(),
        order(1, &[("free", 2)]),
        Expect::Done(events, |after| {
            assert_eq!(
                (after.order().status(), after.order().payment_summary()),
                (OrderStatus::Paid, PaymentSummary::Paid)
            );
        }),
    );
    check(
        World::shop(),
        place(wanted(1, &[("free", 2)])),
        Expect::Done(&["order.created"], |after| {
            assert_eq!(after.order().status(), OrderStatus::Created);
        }),
    );
}

#[test]
fn the_ordered_lines_leave_the_cart() {
    check(
        filled_cart(),
        from_cart(1, 1, None),
        Expect::Done(&["order.created"], |after| {
            let cart = &after.changes.carts[0];
            assert!(cart.lines.is_empty() && cart.version == 4);
            assert_eq!(after.order().customer_id, Some(customer("ann")), "the cart's customer");
        }),
    );
    check(
        filled_cart(),
        from_cart(1, 1, Some(&["b"])),
        Expect::Done(&["order.created"], |after| {
            assert_eq!(after.changes.carts[0].lines.len(), 1, "the rest stays");
            assert_eq!(after.order().lines[0].sku, sku("b"));
        }),
    );
}

#[test]
fn a_cart_without_what_is_asked_is_refused() {
    check(filled_cart(), from_cart(1, 1, Some(&["b", "free"])), Expect::Invalid("/skus/1"));
    check(filled_cart(), from_cart(1, 1, Some(&[])), Expect::Refused(Rejection::CartEmpty));
    let emptied = filled_cart().and(from_cart(1, 1, None));
    check(emptied, from_cart(2, 1, None), Expect::Refused(Rejection::CartEmpty));
    check(filled_cart(), from_cart(1, 9, None), Expect::Refused(Rejection::NotFound));
    check(filled_cart(), by("bob", from_cart(1, 1, None)), Expect::Refused(Rejection::NotFound));
}

#[test]
fn a_cart_with_too_little_stock_left_is_refused_as_a_whole() {
    let given = filled_cart().and(adjust("b", -5)).and(order(7, &[("a", 9)]));
    let shortages = vec![short("a", 2, 1), short("b", 1, 0)];
    check(given, from_cart(1, 1, None), Expect::Refused(Rejection::InsufficientStock { shortages }));
}

#[test]
fn a_customer_orders_for_itself() {
    let named = |who: &str| {
        let source = Source::Lines { lines: units(&[("a", 1)]), customer_id: Some(customer(who)) };
        place(PlaceOrder { source, ..wanted(1, &[]) })
    };
    check(World::shop(), by("ann", named("bob")), Expect::Invalid("/customer_id"));
    check(
        World::shop(),
        by("ann", place(wanted(1, &[("a", 1)]))),
        Expect::Done(&["order.created"], |after| {
            assert_eq!(after.order().customer_id, Some(customer("ann")));
        }),
    );
    check(World::shop(), named("bob"), Expect::Done(&["order.created"], just));
}

#[test]
fn a_reference_is_unique_for_ever() {
    let with = |id, lines: &[(&str, u32)]| {
        let reference = Reference::parse("PO-1").ok();
        place(PlaceOrder { reference, ..wanted(id, lines) })
    };
    let taken = || Expect::Refused(Rejection::AlreadyExists { order_id: OrderId(1) });
    let given = || World::shop().and(with(1, &[("a", 1)]));
    check(given(), with(2, &[("a", 1)]), taken());
    check(given().and(cancel(1)), with(2, &[("a", 1)]), taken());
    // Checked before today's stock and prices, and after what is wrong whatever the state.
    check(given(), with(2, &[("a", 99), ("gone", 1)]), taken());
    check(given(), with(2, &[("a", 0)]), Expect::Invalid("/lines/0/quantity"));
}

#[test]
fn a_reference_is_told_before_the_cart_that_its_order_emptied() {
    let with = |id| {
        let reference = Reference::parse("PO-1").ok();
        let source = Source::Cart { cart_id: earmark_core::ids::CartId(1), skus: None };
        place(PlaceOrder { reference, source, ..wanted(id, &[]) })
    };
    let taken = Rejection::AlreadyExists { order_id: OrderId(1) };
    check(filled_cart().and(with(1)), with(2), Expect::Refused(taken));
}

#[test]
fn refusals_come_in_their_order() {
    let reference = Reference::parse("PO-1").ok();
    let taken = PlaceOrder { reference: reference.clone(), ..wanted(1, &[("a", 1)]) };
    let given =
        || World::shop().and(keyed(1, 1, place(taken.clone()))).and(cart(1, None)).and(add(1, "a", 2));
    let expected_total = Some(money(1));
    let source = |cart: u128| Source::Cart { cart_id: earmark_core::ids::CartId(cart), skus: None };
    let all_wrong = PlaceOrder { reference, expected_total, source: source(9), ..wanted(2, &[]) };
    let stale = |order: PlaceOrder| if_match(7, place(order));
    // Under a key that was used for another command, nothing else is checked.
    check(given(), keyed(1, 2, stale(all_wrong.clone())), Expect::Refused(Rejection::IdempotencyKeyReused));
    check(given(), stale(all_wrong.clone()), Expect::Refused(Rejection::NotFound));
    let found = PlaceOrder { source: source(1), ..all_wrong };
    check(given(), stale(found.clone()), Expect::Refused(Rejection::VersionMismatch { version: 2 }));
    check(given(), place(found.clone()), Expect::Refused(Rejection::AlreadyExists { order_id: OrderId(1) }));
    let sold_out = given().and(adjust("a", -9));
    let unnamed = PlaceOrder { reference: None, ..found };
    let changed = Rejection::PriceChanged { expected_total: money(1), total: money(2000) };
    check(sold_out, place(unnamed.clone()), Expect::Refused(changed));
    let sold_out = given().and(adjust("a", -9));
    let shortages = vec![short("a", 2, 0)];
    let plain = PlaceOrder { expected_total: None, ..unnamed };
    check(sold_out, place(plain), Expect::Refused(Rejection::InsufficientStock { shortages }));
}

#[test]
fn a_placement_confirms_only_when_asked() {
    let later = wanted(1, &[("a", 1)]);
    assert_eq!(later.confirm, Confirm::Later);
    check(
        World::shop(),
        place(later),
        Expect::Done(&["order.created"], |after| {
            assert_eq!((after.order().confirmed_at, after.order().paid_at), (None, None));
        }),
    );
}

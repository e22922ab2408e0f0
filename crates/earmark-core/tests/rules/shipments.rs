//! May units be shipped and delivered, and what becomes of the counters?

use earmark_core::Rejection;
use earmark_core::orders::{FulfillmentStatus, OrderStatus};
use earmark_core::shipments::SHIPMENTS_MAX;

use crate::given::{
    Expect, World, adjust, by, cancel, cancel_part, check, deliver, just, order, paid, pay, place, settle,
    ship, succeeded, wanted,
};

#[test]
fn shipping_needs_paid() {
    check(
        World::shop().and(place(wanted(1, &[("a", 1)]))),
        ship(1, 1, None),
        Expect::Blocked(OrderStatus::Created),
    );
    check(
        World::shop().and(order(1, &[("a", 1)])),
        ship(1, 1, None),
        Expect::Blocked(OrderStatus::Confirmed),
    );
    check(paid(&[("a", 1)]).and(cancel(1)), ship(1, 1, None), Expect::Blocked(OrderStatus::Cancelled));
    check(paid(&[("a", 1)]).and(ship(1, 1, None)), ship(1, 2, None), Expect::Blocked(OrderStatus::Shipped));
    check(
        World::shop().and(order(1, &[("free", 1)])),
        ship(1, 1, None),
        Expect::Done(&["shipment.created", "order.shipped"], just),
    );
}

#[test]
fn an_order_is_shipped_when_all_units_not_cancelled_are() {
    check(
        paid(&[("a", 3), ("b", 1)]),
        ship(1, 1, Some(&[("a", 2)])),
        Expect::Done(&["shipment.created"], |after| {
            let order = after.world.order(1);
            assert_eq!(
                (order.status(), order.fulfillment_status()),
                (OrderStatus::Paid, FulfillmentStatus::Partial)
            );
            assert_eq!(after.world.counters("a"), (8, 1));
        }),
    );
    let given = || paid(&[("a", 3), ("b", 1)]).and(ship(1, 1, Some(&[("a", 2)])));
    let events = &["shipment.created", "order.shipped"];
    check(
        given(),
        ship(1, 2, None),
        Expect::Done(events, |after| {
            let order = after.world.order(1);
            assert_eq!(
                (order.status(), order.fulfillment_status()),
                (OrderStatus::Shipped, FulfillmentStatus::Fulfilled)
            );
            assert_eq!(order.shipments[1].lines, crate::given::units(&[("a", 1), ("b", 1)]), "the rest");
        }),
    );
    check(
        given().and(cancel_part(1, &[("b", 1)])),
        ship(1, 2, Some(&[("a", 1)])),
        Expect::Done(events, just),
    );
}

#[test]
fn no_more_leaves_than_is_left() {
    check(paid(&[("a", 3)]), ship(1, 1, Some(&[("a", 4)])), Expect::Blocked(OrderStatus::Paid));
    check(paid(&[("a", 3)]), ship(1, 1, Some(&[("a", 2), ("a", 2)])), Expect::Blocked(OrderStatus::Paid));
    check(
        paid(&[("a", 3)]).and(cancel_part(1, &[("a", 1)])),
        ship(1, 1, Some(&[("a", 3)])),
        Expect::Blocked(OrderStatus::Paid),
    );
    check(
        paid(&[("a", 3)]).and(ship(1, 1, Some(&[("a", 2)]))),
        ship(1, 2, Some(&[("a", 2)])),
        Expect::Blocked(OrderStatus::Paid),
    );
}

#[test]
fn what_cannot_be_right_is_refused() {
    check(paid(&[("a", 1)]), ship(1, 1, Some(&[])), Expect::Invalid("/lines"));
    check(paid(&[("a", 1)]), ship(1, 1, Some(&[("b", 1)])), Expect::Invalid("/lines/0/sku"));
    check(paid(&[("a", 1)]), ship(1, 1, Some(&[("a", 0)])), Expect::Invalid("/lines/0/quantity"));
    check(paid(&[("a", 1)]), ship(2, 1, None), Expect::Refused(Rejection::NotFound));
    check(paid(&[("a", 1)]), by("ann", ship(1, 1, None)), Expect::Refused(Rejection::NotFound));
}

#[test]
fn an_order_is_delivered_when_all_of_its_shipments_are() {
    let given = || paid(&[("a", 3)]).and(ship(1, 1, Some(&[("a", 1)])));
    check(
        given(),
        deliver(1, 1),
        Expect::Done(&["shipment.delivered"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.status(), order.lines[0].delivered), (OrderStatus::Paid, 1));
        }),
    );
    check(
        given().and(ship(1, 2, None)),
        deliver(1, 1),
        Expect::Done(&["shipment.delivered"], |after| {
            assert_eq!(after.world.order(1).status(), OrderStatus::Shipped);
        }),
    );
    let both = given().and(ship(1, 2, None)).and(deliver(1, 1));
    check(
        both,
        deliver(1, 2),
        Expect::Done(&["shipment.delivered", "order.delivered"], |after| {
            let order = after.world.order(1);
            assert_eq!(
                (order.status(), order.fulfillment_status()),
                (OrderStatus::Delivered, FulfillmentStatus::Delivered)
            );
            assert_eq!(order.shipments[1].version, 2);
        }),
    );
}

#[test]
fn delivering_again_changes_nothing() {
    let given = paid(&[("a", 1)]).and(ship(1, 1, None)).and(deliver(1, 1));
    check(given, deliver(1, 1), Expect::Unchanged);
    check(paid(&[("a", 1)]), deliver(1, 1), Expect::Refused(Rejection::NotFound));
    check(paid(&[("a", 1)]), deliver(2, 1), Expect::Refused(Rejection::NotFound));
}

#[test]
fn so_many_parcels_and_then_only_the_whole_rest() {
    let parcels = u32::try_from(SHIPMENTS_MAX).expect("a small number");
    let given = World::shop().and(adjust("a", 500)).and(order(1, &[("a", parcels + 2)]));
    let mut given = given.and(pay(1, 1)).and(settle(1, 1, succeeded()));
    for number in 0..u128::from(parcels) {
        given = given.and(ship(1, number, Some(&[("a", 1)])));
    }
    let again = World { rows: given.rows.clone(), now: given.now };
    check(again, ship(1, 999, Some(&[("a", 1)])), Expect::Invalid("/lines"));
    check(given, ship(1, 999, None), Expect::Done(&["shipment.created", "order.shipped"], just));
}

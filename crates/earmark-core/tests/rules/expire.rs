//! Do reservations end, unless the order is paid or a payment pins them?

use earmark_core::orders::{CancelReason, OrderStatus};
use earmark_core::payments::settle::PaymentResult;
use earmark_core::{Actor, Rejection, Timestamp};

use crate::given::{
    Expect, World, cancel, check, confirm, declined, expire, just, order, paid, pay, place, settle, wanted,
};

/// A shop with order 1, unpaid, this many seconds after its placement.
fn unpaid(seconds: u32) -> World {
    World::shop().and(place(wanted(1, &[("a", 4)]))).later(seconds - 1)
}

#[test]
fn an_unpaid_order_is_cancelled_when_its_time_has_come() {
    check(unpaid(1_799), expire(1), Expect::Unchanged);
    check(
        unpaid(1_800),
        expire(1),
        Expect::Done(&["reservation.expired", "order.cancelled"], |after| {
            let order = after.order();
            assert_eq!(
                (order.status(), order.cancellations[0].reason),
                (OrderStatus::Cancelled, CancelReason::Expired)
            );
            assert_eq!(order.cancellations[0].actor, Actor::System);
            assert_eq!(after.world.counters("a"), (10, 0), "its stock is free again");
            assert_eq!(order.reservation_expires_at(), None);
        }),
    );
    check(
        unpaid(2).and(confirm(1)).later(1_800),
        expire(1),
        Expect::Done(&["reservation.expired", "order.cancelled"], just),
    );
}

#[test]
fn a_payment_in_progress_pins_the_reservation() {
    let pinned = || World::shop().and(order(1, &[("a", 1)])).and(pay(1, 1)).later(9_999);
    check(pinned(), expire(1), Expect::Unchanged);
    assert_eq!(pinned().order(1).expiry_due_at(), None);
    let unknown = PaymentResult::Unknown { next_attempt_at: Timestamp(1) };
    check(pinned().and(settle(1, 1, unknown)), expire(1), Expect::Unchanged);
    check(
        pinned().and(settle(1, 1, declined())),
        expire(1),
        Expect::Done(&["reservation.expired", "order.cancelled"], just),
    );
}

#[test]
fn what_is_paid_or_cancelled_does_not_expire() {
    check(paid(&[("a", 1)]).later(9_999), expire(1), Expect::Unchanged);
    check(unpaid(1).and(cancel(1)).later(9_999), expire(1), Expect::Unchanged);
    check(World::shop().and(order(1, &[("free", 1)])).later(9_999), expire(1), Expect::Unchanged);
    check(World::shop(), expire(1), Expect::Refused(Rejection::NotFound));
}

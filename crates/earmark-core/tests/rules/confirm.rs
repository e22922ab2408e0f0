//! Which orders may be confirmed, and which are paid with it?

use earmark_core::Rejection;
use earmark_core::orders::OrderStatus;

use crate::given::{Expect, World, by, cancel, check, confirm, if_match, order, paid, place, wanted};

fn placed() -> World {
    World::shop().and(by("ann", place(wanted(1, &[("a", 1)]))))
}

#[test]
fn confirming_confirms() {
    check(
        placed(),
        confirm(1),
        Expect::Done(&["order.confirmed"], |after| {
            assert_eq!((after.order().status(), after.order().version), (OrderStatus::Confirmed, 2));
            assert_eq!(after.order().confirmed_at, Some(after.world.now));
        }),
    );
}

#[test]
fn confirming_again_changes_nothing() {
    check(placed().and(confirm(1)), confirm(1), Expect::Unchanged);
    check(World::shop().and(order(1, &[("a", 1)])), confirm(1), Expect::Unchanged);
    check(paid(&[("a", 1)]), confirm(1), Expect::Unchanged);
}

#[test]
fn a_cancelled_order_cannot_be_confirmed() {
    check(placed().and(cancel(1)), confirm(1), Expect::Blocked(OrderStatus::Cancelled));
}

#[test]
fn an_order_with_nothing_to_pay_is_paid_when_it_is_confirmed() {
    let given = World::shop().and(place(wanted(1, &[("free", 2)])));
    check(
        given,
        confirm(1),
        Expect::Done(&["order.confirmed", "order.paid"], |after| {
            assert_eq!(after.order().status(), OrderStatus::Paid);
        }),
    );
}

#[test]
fn only_who_may_see_it_may_confirm_it() {
    check(placed(), by("bob", confirm(1)), Expect::Refused(Rejection::NotFound));
    check(placed(), by("bob", if_match(9, confirm(1))), Expect::Refused(Rejection::NotFound));
    check(placed(), confirm(2), Expect::Refused(Rejection::NotFound));
}

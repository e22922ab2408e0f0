//! What is released and refunded when an order is cancelled, in whole or in part?

use earmark_core::Rejection;
use earmark_core::orders::{CancelReason, OrderStatus, PaymentSummary};
use earmark_core::refunds::settle::RefundResult;

use crate::given::{
    Expect, World, by, cancel, cancel_lines, cancel_part, check, confirm, deliver, dry, just, order, paid,
    pay, place, settle, settle_refund, ship, succeeded, wanted,
};

#[test]
fn cancelling_releases_the_stock_with_the_same_decision() {
    let given = World::shop().and(place(wanted(1, &[("a", 3), ("b", 2)])));
    check(
        given,
        cancel(1),
        Expect::Done(&["order.cancelled"], |after| {
            assert_eq!(after.order().status(), OrderStatus::Cancelled);
            assert_eq!((after.world.counters("a"), after.world.counters("b")), ((10, 0), (5, 0)));
            assert_eq!((after.order().total().minor(), after.order().placed_total.minor()), (0, 3666));
            assert_eq!(after.order().cancellations[0].reason, CancelReason::Customer);
        }),
    );
    check(World::shop().and(order(1, &[("a", 3)])), cancel(1), Expect::Done(&["order.cancelled"], just));
}

#[test]
fn cancelling_the_whole_again_changes_nothing() {
    check(World::shop().and(order(1, &[("a", 3)])).and(cancel(1)), cancel(1), Expect::Unchanged);
}

#[test]
fn a_paid_order_is_refunded_exactly_what_is_cancelled() {
    let given = || paid(&[("a", 2), ("b", 3)]);
    check(
        given(),
        cancel_part(1, &[("b", 2)]),
        Expect::Done(&["order.partially_cancelled", "refund.created"], |after| {
            let order = after.order();
            assert_eq!((order.refunds.len(), order.refunds[0].amount.minor()), (1, 666));
            assert_eq!(order.cancellations[0].refund_id, Some(order.refunds[0].id));
            assert_eq!(
                (order.status(), order.payment_summary()),
                (OrderStatus::Paid, PaymentSummary::PartiallyRefunded)
            );
            assert_eq!((order.total().minor(), order.balance_due().minor()), (2333, 0));
        }),
    );
    check(
        given(),
        cancel(1),
        Expect::Done(&["order.cancelled", "refund.created"], |after| {
            let order = after.order();
            assert_eq!((order.refunds[0].amount.minor(), order.balance_due().minor()), (2999, 0));
            assert_eq!(order.payment_summary(), PaymentSummary::Refunded);
        }),
    );
}

#[test]
fn parts_in_any_order_sum_to_the_whole() {
    let parts: [&[(&str, u32)]; 4] = [&[("b", 1)], &[("a", 1), ("b", 1)], &[("a", 1)], &[("b", 1)]];
    let mut given = paid(&[("a", 2), ("b", 3)]);
    for (part, refund) in parts[..3].iter().zip(10..) {
        given = given.and(cancel_lines(1, Some(part), refund));
    }
    check(
        given,
        cancel_lines(1, Some(parts[3]), 20),
        Expect::Done(&["order.cancelled", "refund.created"], |after| {
            let order = after.order();
            let amounts: Vec<i64> = order.refunds.iter().map(|refund| refund.amount.minor()).collect();
            assert_eq!(amounts, [333, 1333, 1000, 333]);
            assert_eq!(
                (order.status(), order.refunded_total()),
                (OrderStatus::Cancelled, order.paid_total())
            );
        }),
    );
}

#[test]
fn nothing_is_refunded_where_nothing_was_paid() {
    let given = World::shop().and(order(1, &[("a", 2)]));
    check(
        given,
        cancel_part(1, &[("a", 1)]),
        Expect::Done(&["order.partially_cancelled"], |after| {
            assert_eq!((after.order().refunds.len(), after.order().balance_due().minor()), (0, 1000));
            assert_eq!(after.order().cancellations[0].refund_id, None);
        }),
    );
    // Free units of a paid order lead to no refund either.
    check(
        paid(&[("a", 1), ("free", 1)]),
        cancel_part(1, &[("free", 1)]),
        Expect::Done(&["order.partially_cancelled"], just),
    );
}

#[test]
fn units_of_one_item_are_added_up_before_they_are_checked() {
    let given = World::shop().and(order(1, &[("a", 3)]));
    check(given, cancel_part(1, &[("a", 2), ("a", 2)]), Expect::Blocked(OrderStatus::Confirmed));
    let given = World::shop().and(order(1, &[("a", 3)]));
    check(
        given,
        cancel_part(1, &[("a", 1), ("a", 1)]),
        Expect::Done(&["order.partially_cancelled"], |after| {
            assert_eq!((after.order().lines[0].cancelled, after.order().lines[0].quantity), (2, 3));
            assert_eq!(after.order().cancellations[0].lines.len(), 1);
        }),
    );
}

#[test]
fn what_cannot_be_right_is_refused() {
    let given = || World::shop().and(order(1, &[("a", 3)]));
    check(given(), cancel_part(1, &[]), Expect::Invalid("/lines"));
    check(given(), cancel_part(1, &[("a", 1), ("b", 1)]), Expect::Invalid("/lines/1/sku"));
    check(given(), cancel_part(1, &[("a", 0)]), Expect::Invalid("/lines/0/quantity"));
    check(given(), cancel(2), Expect::Refused(Rejection::NotFound));
    check(given(), by("ann", cancel(1)), Expect::Refused(Rejection::NotFound));
    // What is wrong whatever the state is checked before the state.
    check(given().and(cancel(1)), cancel_part(1, &[("b", 1)]), Expect::Invalid("/lines/0/sku"));
    check(given().and(cancel(1)), cancel_part(1, &[("a", 1)]), Expect::Blocked(OrderStatus::Cancelled));
}

#[test]
fn the_whole_cannot_be_cancelled_once_something_has_shipped() {
    let given = || paid(&[("a", 3)]).and(ship(1, 1, Some(&[("a", 1)])));
    check(given(), cancel(1), Expect::Blocked(OrderStatus::Paid));
    check(given(), cancel_part(1, &[("a", 3)]), Expect::Blocked(OrderStatus::Paid));
    let shipped = || given().and(ship(1, 2, None));
    check(shipped(), cancel(1), Expect::Blocked(OrderStatus::Shipped));
    check(shipped(), cancel_part(1, &[("a", 1)]), Expect::Blocked(OrderStatus::Shipped));
    let delivered = shipped().and(deliver(1, 1)).and(deliver(1, 2));
    check(delivered, cancel(1), Expect::Blocked(OrderStatus::Delivered));
}

#[test]
fn what_is_left_of_a_partly_shipped_order_is_shipped() {
    let given = paid(&[("a", 3)]).and(ship(1, 1, Some(&[("a", 1)])));
    let events = &["order.partially_cancelled", "refund.created", "order.shipped"];
    check(
        given,
        cancel_part(1, &[("a", 2)]),
        Expect::Done(events, |after| {
            assert_eq!(after.order().status(), OrderStatus::Shipped);
            assert_eq!(after.world.counters("a"), (9, 0));
        }),
    );
}

#[test]
fn what_is_left_may_have_arrived_already() {
    let given = paid(&[("a", 3)]).and(ship(1, 1, Some(&[("a", 1)]))).and(deliver(1, 1));
    let events = &["order.partially_cancelled", "refund.created", "order.shipped", "order.delivered"];
    check(
        given,
        cancel_part(1, &[("a", 2)]),
        Expect::Done(events, |after| {
            assert_eq!(after.order().status(), OrderStatus::Delivered);
        }),
    );
}

#[test]
fn what_is_left_may_cost_nothing() {
    let events = &["order.partially_cancelled", "order.paid"];
    let given = World::shop().and(order(1, &[("a", 1), ("free", 1)]));
    check(
        given,
        cancel_part(1, &[("a", 1)]),
        Expect::Done(events, |after| {
            assert_eq!(after.order().status(), OrderStatus::Paid);
        }),
    );
    let given =
        World::shop().and(place(wanted(1, &[("a", 1), ("free", 1)]))).and(cancel_part(1, &[("a", 1)]));
    assert_eq!(given.order(1).status(), OrderStatus::Created, "not before it is confirmed");
    check(given, confirm(1), Expect::Done(&["order.confirmed", "order.paid"], just));
}

#[test]
fn success_after_cancellation_is_refunded() {
    let given = World::shop().and(order(1, &[("a", 2)])).and(pay(1, 5)).and(cancel(1));
    assert_eq!(given.order(1).payment_summary(), PaymentSummary::Pending);
    check(
        given,
        settle(1, 5, succeeded()),
        Expect::Done(&["payment.succeeded", "refund.created"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.status(), order.balance_due().minor()), (OrderStatus::Cancelled, 0));
            assert_eq!(
                (order.refunds[0].amount.minor(), order.refunds[0].reason),
                (2000, CancelReason::Customer)
            );
        }),
    );
}

#[test]
fn success_after_a_partial_cancellation_gives_the_part_back() {
    let given = World::shop().and(order(1, &[("a", 3)])).and(pay(1, 5)).and(cancel_part(1, &[("a", 1)]));
    let events = &["payment.succeeded", "order.paid", "refund.created"];
    check(
        given,
        settle(1, 5, succeeded()),
        Expect::Done(events, |after| {
            let order = after.world.order(1);
            assert_eq!(
                (order.paid_total().minor(), order.refunded_total().minor(), order.balance_due().minor()),
                (3000, 1000, 0)
            );
        }),
    );
}

#[test]
fn a_refund_that_failed_is_owed_and_the_next_part_is_still_its_own() {
    let given = paid(&[("a", 3)]).and(cancel_lines(1, Some(&[("a", 1)]), 7));
    let given = given.and(settle_refund(1, 7, RefundResult::Failed));
    assert_eq!(given.order(1).balance_due().minor(), -1000);
    check(
        given,
        cancel_lines(1, Some(&[("a", 1)]), 8),
        Expect::Done(&["order.partially_cancelled", "refund.created"], |after| {
            assert_eq!(after.order().refunds[1].amount.minor(), 1000);
            assert_eq!(after.order().balance_due().minor(), -1000);
        }),
    );
}

#[test]
fn a_dry_run_shows_the_order_as_it_would_be_and_changes_nothing() {
    check(paid(&[("a", 2)]), dry(cancel(1)), Expect::Unchanged);
    check(paid(&[("a", 2)]), dry(cancel_part(1, &[("a", 3)])), Expect::Blocked(OrderStatus::Paid));
    check(
        paid(&[("a", 2)]),
        dry(cancel(1)),
        Expect::Done(&[], |after| {
            assert_eq!(after.order().status(), OrderStatus::Cancelled);
            assert_eq!(after.world.order(1).status(), OrderStatus::Paid);
        }),
    );
}

#[test]
fn so_many_parts_and_then_only_the_whole_rest() {
    let parts = u32::try_from(earmark_core::orders::CANCELLATIONS_MAX).expect("a small number");
    let mut given = World::shop().and(crate::given::adjust("a", 500)).and(order(1, &[("a", parts + 2)]));
    for _ in 0..parts {
        given = given.and(cancel_part(1, &[("a", 1)]));
    }
    let rows = given.order(1).lines[0].unshipped();
    assert_eq!(rows, 2);
    let again = World { rows: given.rows.clone(), now: given.now };
    check(again, cancel_part(1, &[("a", 1)]), Expect::Invalid("/lines"));
    check(given, cancel_part(1, &[("a", 2)]), Expect::Done(&["order.cancelled"], just));
}

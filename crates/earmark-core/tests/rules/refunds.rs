//! Does a refund never exceed what was captured, and does a failed one count for nothing?

use earmark_core::orders::PaymentSummary;
use earmark_core::orders::{CancelReason, OrderStatus};
use earmark_core::refunds::RefundStatus;
use earmark_core::refunds::settle::RefundResult;
use earmark_core::{Outcome, Rejection, Timestamp};

use crate::given::{
    Expect, World, by, cancel, cancel_lines, check, give_back, hasten, just, keyed, money, order, paid, pay,
    place, settle, settle_refund, wanted,
};

/// A shop with refund 7 of 10.00, which is pending.
fn refunding() -> World {
    paid(&[("a", 2)]).and(cancel_lines(1, Some(&[("a", 1)]), 7))
}

#[test]
fn a_pending_refund_counts() {
    let order = refunding();
    let order = order.order(1);
    assert_eq!((order.refunded_total().minor(), order.balance_due().minor()), (1000, 0));
    assert_eq!(order.payment_summary(), PaymentSummary::PartiallyRefunded);
}

#[test]
fn a_refund_that_succeeds_is_done() {
    check(
        refunding(),
        settle_refund(1, 7, RefundResult::Succeeded),
        Expect::Done(&["refund.succeeded"], |after| {
            let refund = &after.world.order(1).refunds[0];
            assert_eq!((refund.status, refund.attempts, refund.version), (RefundStatus::Succeeded, 1, 2));
        }),
    );
}

#[test]
fn a_refund_that_fails_counts_no_more() {
    check(
        refunding(),
        settle_refund(1, 7, RefundResult::Failed),
        Expect::Done(&["refund.failed"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.refunded_total().minor(), order.balance_due().minor()), (0, -1000));
            assert_eq!(order.payment_summary(), PaymentSummary::Paid);
        }),
    );
}

#[test]
fn no_answer_is_asked_again() {
    let unknown = RefundResult::Unknown { next_attempt_at: Timestamp(42) };
    check(
        refunding(),
        settle_refund(1, 7, unknown),
        Expect::Done(&[], |after| {
            let refund = &after.world.order(1).refunds[0];
            assert_eq!(
                (refund.status, refund.attempts, refund.next_attempt_at),
                (RefundStatus::Pending, 1, Timestamp(42))
            );
        }),
    );
}

#[test]
fn first_answer_that_ends_it_stands() {
    for first in [RefundResult::Succeeded, RefundResult::Failed] {
        for second in [RefundResult::Succeeded, RefundResult::Failed] {
            check(
                refunding().and(settle_refund(1, 7, first)),
                settle_refund(1, 7, second),
                Expect::Unchanged,
            );
        }
    }
    check(refunding(), settle_refund(1, 8, RefundResult::Succeeded), Expect::Refused(Rejection::NotFound));
    check(refunding(), settle_refund(2, 7, RefundResult::Succeeded), Expect::Refused(Rejection::NotFound));
}

/// A shop with 20.00 captured and nothing refunded.
fn captured() -> World {
    paid(&[("a", 2)])
}

#[test]
fn a_refund_at_will_is_a_row_before_the_gateway_is_called() {
    check(
        captured(),
        give_back(1, 9, 500),
        Expect::Done(&["refund.created"], |after| {
            let Outcome::Refund { refund, .. } = &after.answer.outcome else { panic!("a refund") };
            assert_eq!(
                (refund.status, refund.amount, refund.attempts),
                (RefundStatus::Pending, money(500), 0)
            );
            assert_eq!((refund.payment_id.0, refund.reason), (1, CancelReason::Customer));
            let order = after.world.order(1);
            assert_eq!((order.refundable().minor(), order.balance_due().minor()), (1500, 500));
            assert_eq!((order.status(), order.version), (OrderStatus::Paid, 4));
        }),
    );
}

#[test]
fn never_more_than_was_captured_whatever_else_goes_back() {
    let exceeds = |requested, refundable| {
        let (requested, refundable) = (money(requested), money(refundable));
        Expect::Refused(Rejection::RefundExceedsCaptured { requested, refundable })
    };
    check(captured(), give_back(1, 9, 2000), Expect::Done(&["refund.created"], just));
    check(captured(), give_back(1, 9, 2001), exceeds(2001, 2000));
    check(captured().and(give_back(1, 9, 1500)), give_back(1, 10, 501), exceeds(501, 500));
    check(refunding(), give_back(1, 9, 1001), exceeds(1001, 1000));
    check(captured().and(cancel(1)), give_back(1, 9, 1), exceeds(1, 0));
    check(captured(), give_back(1, 9, 0), Expect::Invalid("/amount"));
    check(captured(), give_back(1, 9, -5), Expect::Invalid("/amount"));
    // The refund of a cancellation is cut to what is left to refund.
    check(
        captured().and(give_back(1, 9, 1500)),
        cancel(1),
        Expect::Done(&["order.cancelled", "refund.created"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.refunds[1].amount.minor(), order.refundable().minor()), (500, 0));
        }),
    );
}

#[test]
fn nothing_captured_is_nothing_to_refund() {
    let exceeds =
        || Expect::Refused(Rejection::RefundExceedsCaptured { requested: money(1), refundable: money(0) });
    check(World::shop().and(place(wanted(1, &[("a", 1)]))), give_back(1, 9, 1), exceeds());
    check(World::shop().and(order(1, &[("a", 1)])).and(pay(1, 1)), give_back(1, 9, 1), exceeds());
    check(World::shop(), give_back(1, 9, 1), Expect::Refused(Rejection::NotFound));
    check(captured(), by("ann", give_back(1, 9, 1)), Expect::Refused(Rejection::NotFound));
}

#[test]
fn a_refund_that_failed_can_be_asked_for_again() {
    let failed = captured().and(give_back(1, 9, 2000)).and(settle_refund(1, 9, RefundResult::Failed));
    check(
        failed,
        give_back(1, 10, 2000),
        Expect::Done(&["refund.created"], |after| {
            assert_eq!(after.world.order(1).refunds.len(), 2);
        }),
    );
}

#[test]
fn a_refund_sent_twice_is_made_once() {
    check(
        captured().and(keyed(3, 1, give_back(1, 9, 500))),
        keyed(3, 1, give_back(1, 10, 500)),
        Expect::Unchanged,
    );
}

#[test]
fn a_hint_has_the_gateway_asked_now_and_settles_nothing() {
    let unknown = RefundResult::Unknown { next_attempt_at: Timestamp(i64::MAX) };
    check(
        refunding().and(settle_refund(1, 7, unknown)),
        hasten(1),
        Expect::Done(&[], |after| {
            let refund = &after.world.order(1).refunds[0];
            assert_eq!(refund.status, RefundStatus::Pending);
            assert!(refund.next_attempt_at < Timestamp(i64::MAX));
        }),
    );
    check(refunding(), hasten(1), Expect::Unchanged);
    check(captured(), hasten(1), Expect::Unchanged);
    check(World::shop(), hasten(1), Expect::Refused(Rejection::NotFound));
    let waiting = World::shop().and(order(1, &[("a", 1)])).and(pay(1, 1));
    let later =
        earmark_core::payments::settle::PaymentResult::Unknown { next_attempt_at: Timestamp(i64::MAX) };
    check(
        waiting.and(settle(1, 1, later)),
        hasten(1),
        Expect::Done(&[], |after| {
            assert!(after.world.order(1).payments[0].next_attempt_at < Timestamp(i64::MAX));
        }),
    );
}

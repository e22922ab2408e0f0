//! Section 5: refunds, a row before the gateway is called.

use earmark_core::orders::PaymentSummary;
use earmark_core::refunds::RefundStatus;
use earmark_core::refunds::settle::RefundResult;
use earmark_core::{Rejection, Timestamp};

use crate::given::{Expect, World, cancel_lines, check, paid, settle_refund};

/// Refund 7 of 10.00, on its way.
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
fn whoever_settles_first_wins() {
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

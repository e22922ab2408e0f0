//! Is a payment a row before the gateway is called, and is no answer never taken for a failure?

use earmark_core::orders::{OrderStatus, PaymentSummary};
use earmark_core::payments::resolve::ResolvedAs;
use earmark_core::payments::settle::PaymentResult;
use earmark_core::payments::{PAYMENTS_MAX, PaymentStatus};
use earmark_core::{Outcome, Rejection, Timestamp};

use crate::given::{
    Expect, World, by, cancel, cancel_part, check, confirm, declined, deliver, just, money, name, order,
    paid, pay, pay_amount, place, resolve, settle, ship, succeeded, wanted,
};

fn confirmed() -> World {
    World::shop().and(by("ann", order(1, &[("a", 2)])))
}

#[test]
fn an_attempt_is_pending_and_takes_what_is_due() {
    check(
        confirmed(),
        pay(1, 7),
        Expect::Done(&["payment.pending"], |after| {
            let Outcome::Payment { payment, .. } = &after.answer.outcome else { panic!("a payment") };
            assert_eq!(
                (payment.status, payment.amount.minor(), payment.attempts),
                (PaymentStatus::Pending, 2000, 0)
            );
            let order = after.world.order(1);
            assert_eq!(
                (order.status(), order.payment_summary()),
                (OrderStatus::Confirmed, PaymentSummary::Pending)
            );
            assert_eq!(order.version, 2);
        }),
    );
    check(
        confirmed().and(cancel_part(1, &[("a", 1)])),
        pay(1, 7),
        Expect::Done(&["payment.pending"], |after| {
            assert_eq!(after.world.order(1).payments[0].amount.minor(), 1000);
        }),
    );
}

#[test]
fn the_amount_must_be_what_is_due() {
    check(confirmed(), pay_amount(1, 7, Some(2000)), Expect::Done(&["payment.pending"], just));
    for expected in [0, 1999, 2001] {
        let mismatch = Rejection::AmountMismatch { expected: money(expected), balance_due: money(2000) };
        check(confirmed(), pay_amount(1, 7, Some(expected)), Expect::Refused(mismatch));
    }
}

#[test]
fn paying_needs_confirmed() {
    let created = || World::shop().and(place(wanted(1, &[("a", 2)])));
    check(created(), pay(1, 7), Expect::Blocked(OrderStatus::Created));
    check(created().and(confirm(1)), pay(1, 7), Expect::Done(&["payment.pending"], just));
    check(confirmed().and(cancel(1)), pay(1, 7), Expect::Blocked(OrderStatus::Cancelled));
}

#[test]
fn nothing_is_charged_twice() {
    let already = || Expect::Refused(Rejection::AlreadyPaid);
    check(paid(&[("a", 2)]), pay(1, 7), already());
    check(paid(&[("a", 2)]), pay_amount(1, 7, Some(1)), already());
    let shipped = || paid(&[("a", 2)]).and(ship(1, 1, None));
    check(shipped(), pay(1, 7), already());
    check(shipped().and(deliver(1, 1)), pay(1, 7), already());
    check(World::shop().and(order(1, &[("free", 2)])), pay(1, 7), already());
}

#[test]
fn one_payment_is_in_progress_at_most() {
    check(confirmed().and(pay(1, 7)), pay(1, 8), Expect::Refused(Rejection::PaymentInProgress));
    // Checked before the amount.
    check(
        confirmed().and(pay(1, 7)),
        pay_amount(1, 8, Some(1)),
        Expect::Refused(Rejection::PaymentInProgress),
    );
}

#[test]
fn success_pays_the_order() {
    check(
        confirmed().and(pay(1, 7)),
        settle(1, 7, succeeded()),
        Expect::Done(&["payment.succeeded", "order.paid"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.status(), order.payment_summary()), (OrderStatus::Paid, PaymentSummary::Paid));
            assert_eq!((order.balance_due().minor(), order.paid_at), (0, Some(after.world.now)));
            let payment = &order.payments[0];
            assert_eq!(
                (payment.attempts, payment.version, &payment.gateway_reference),
                (1, 2, &Some(name("gw_1")))
            );
        }),
    );
}

#[test]
fn a_declined_payment_leaves_the_order_to_be_paid_again() {
    let given = || confirmed().and(pay(1, 7));
    check(
        given(),
        settle(1, 7, declined()),
        Expect::Done(&["payment.declined"], |after| {
            let order = after.world.order(1);
            assert_eq!(
                (order.status(), order.payment_summary()),
                (OrderStatus::Confirmed, PaymentSummary::Unpaid)
            );
            assert_eq!(order.payments[0].decline_code, Some(name("insufficient_funds")));
            assert_eq!(after.world.counters("a"), (10, 2), "and its stock is kept");
        }),
    );
    check(given().and(settle(1, 7, declined())), pay(1, 8), Expect::Done(&["payment.pending"], just));
    let failed = PaymentResult::Failed { code: name("unknown_payment") };
    check(given(), settle(1, 7, failed.clone()), Expect::Done(&["payment.failed"], just));
    check(given().and(settle(1, 7, failed)), pay(1, 8), Expect::Done(&["payment.pending"], just));
}

#[test]
fn no_answer_is_unknown_not_failed() {
    let unknown = PaymentResult::Unknown { next_attempt_at: Timestamp(42) };
    check(
        confirmed().and(pay(1, 7)),
        settle(1, 7, unknown.clone()),
        Expect::Done(&[], |after| {
            let payment = &after.world.order(1).payments[0];
            assert_eq!(
                (payment.status, payment.attempts, payment.next_attempt_at),
                (PaymentStatus::Pending, 1, Timestamp(42))
            );
        }),
    );
    let given = confirmed().and(pay(1, 7)).and(settle(1, 7, unknown));
    check(
        given,
        settle(1, 7, succeeded()),
        Expect::Done(&["payment.succeeded", "order.paid"], |after| {
            assert_eq!(after.world.order(1).payments[0].attempts, 2);
        }),
    );
}

#[test]
fn first_answer_that_ends_it_stands() {
    let unknown = PaymentResult::Unknown { next_attempt_at: Timestamp(42) };
    for first in [succeeded(), declined(), PaymentResult::Failed { code: name("x") }] {
        for second in [succeeded(), declined(), unknown.clone()] {
            let given = confirmed().and(pay(1, 7)).and(settle(1, 7, first.clone()));
            check(given, settle(1, 7, second), Expect::Unchanged);
        }
    }
    check(confirmed().and(pay(1, 7)), settle(1, 8, succeeded()), Expect::Refused(Rejection::NotFound));
    check(confirmed(), settle(2, 7, succeeded()), Expect::Refused(Rejection::NotFound));
}

#[test]
fn a_decline_after_cancellation_changes_no_money() {
    let given = confirmed().and(pay(1, 7)).and(cancel(1));
    check(
        given,
        settle(1, 7, declined()),
        Expect::Done(&["payment.declined"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.status(), order.refunds.len()), (OrderStatus::Cancelled, 0));
        }),
    );
}

#[test]
fn a_payment_of_what_costs_nothing_any_more_is_given_back() {
    let given =
        World::shop().and(order(1, &[("a", 1), ("free", 1)])).and(pay(1, 7)).and(cancel_part(1, &[("a", 1)]));
    assert_eq!(given.order(1).status(), OrderStatus::Paid, "there is nothing to pay");
    check(
        given,
        settle(1, 7, succeeded()),
        Expect::Done(&["payment.succeeded", "refund.created"], |after| {
            assert_eq!(after.world.order(1).balance_due().minor(), 0);
        }),
    );
}

#[test]
fn someone_elses_order_is_not_there() {
    check(confirmed(), by("bob", pay(1, 7)), Expect::Refused(Rejection::NotFound));
    check(confirmed(), by("ann", pay(1, 7)), Expect::Done(&["payment.pending"], just));
}

#[test]
fn attempts_are_limited() {
    let mut given = confirmed();
    for number in 0..PAYMENTS_MAX as u128 {
        given = given.and(pay(1, number)).and(settle(1, number, declined()));
    }
    check(given, pay(1, 999), Expect::Invalid(""));
}

#[test]
fn a_person_may_end_what_the_gateway_does_not() {
    let pending = || confirmed().and(pay(1, 7));
    let taken = || ResolvedAs::Succeeded { reference: Some(name("ch_1")) };
    check(
        pending(),
        resolve(1, 7, taken()),
        Expect::Done(&["payment.succeeded", "order.paid", "payment.resolved"], |after| {
            let Outcome::Payment { payment, .. } = &after.answer.outcome else { panic!("a payment") };
            assert_eq!(payment.status, PaymentStatus::Succeeded);
            assert_eq!(payment.gateway_reference, Some(name("ch_1")));
            assert_eq!(after.world.order(1).status(), OrderStatus::Paid);
        }),
    );
    check(
        pending(),
        resolve(1, 7, ResolvedAs::Failed),
        Expect::Done(&["payment.failed", "payment.resolved"], |after| {
            let order = after.world.order(1);
            assert_eq!((order.status(), order.pending_payment()), (OrderStatus::Confirmed, None));
        }),
    );
    // Money that turns out to have been taken for a cancelled order goes back.
    check(
        pending().and(cancel(1)),
        resolve(1, 7, taken()),
        Expect::Done(&["payment.succeeded", "refund.created", "payment.resolved"], just),
    );
}

#[test]
fn what_has_ended_is_not_resolved_again() {
    let settled = |status| Expect::Refused(Rejection::PaymentSettled { status });
    let pending = || confirmed().and(pay(1, 7));
    check(
        pending().and(settle(1, 7, succeeded())),
        resolve(1, 7, ResolvedAs::Failed),
        settled(PaymentStatus::Succeeded),
    );
    check(
        pending().and(settle(1, 7, declined())),
        resolve(1, 7, ResolvedAs::Failed),
        settled(PaymentStatus::Declined),
    );
    check(pending().and(resolve(1, 7, ResolvedAs::Failed)), settle(1, 7, succeeded()), Expect::Unchanged);
    check(pending(), resolve(1, 8, ResolvedAs::Failed), Expect::Refused(Rejection::NotFound));
    check(pending(), resolve(2, 7, ResolvedAs::Failed), Expect::Refused(Rejection::NotFound));
}

//! Is a command carried out once per key, and answered again as the first time?

use earmark_core::idempotency::{KeptAnswer, purge::PurgeIdempotencyKeys};
use earmark_core::ids::{OrderId, PaymentId};
use earmark_core::orders::OrderStatus;
use earmark_core::payments::PaymentStatus;
use earmark_core::{Action, Command, Outcome, Rejection, Span};

use crate::given::{
    Expect, World, adjust, by, cancel, cancel_part, check, command, confirm, deliver, dry, if_match, just,
    keyed, order, paid, pay, place, settle, ship, succeeded, wanted,
};

#[test]
fn the_key_is_kept_with_what_the_command_did() {
    check(
        World::shop(),
        keyed(1, 2, order(1, &[("a", 1)])),
        Expect::Done(&["order.created", "order.confirmed"], |after| {
            let record = after.changes.idempotency.as_ref().expect("it is kept");
            assert_eq!(
                (record.digest, record.fingerprint, record.created_at),
                ([1; 16], [2; 16], after.world.now)
            );
            assert_eq!(record.answer, KeptAnswer::Placed(OrderId(1)));
            assert!(!after.answer.replayed);
        }),
    );
    let given = World::shop().and(order(1, &[("a", 1)]));
    check(
        given,
        keyed(1, 2, pay(1, 7)),
        Expect::Done(&["payment.pending"], |after| {
            let record = after.changes.idempotency.as_ref().expect("it is kept");
            assert_eq!(record.answer, KeptAnswer::Payment(OrderId(1), PaymentId(7)));
        }),
    );
}

#[test]
fn a_placement_is_answered_as_it_was_whatever_became_of_the_order() {
    let first = || keyed(1, 1, place(wanted(1, &[("a", 3)])));
    let lived = World::shop().and(first()).and(confirm(1)).and(pay(1, 1)).and(settle(1, 1, succeeded()));
    let lived = lived.and(ship(1, 1, Some(&[("a", 1)]))).and(deliver(1, 1)).and(cancel_part(1, &[("a", 1)]));
    // The second command comes with other ids; they are not used.
    check(
        lived,
        keyed(1, 1, place(wanted(2, &[("a", 3)]))),
        Expect::Done(&[], |after| {
            let order = after.order();
            assert!(after.answer.replayed);
            assert_eq!((order.id, order.version, order.status()), (OrderId(1), 1, OrderStatus::Created));
            assert_eq!(
                (order.lines[0].cancelled, order.lines[0].shipped, order.updated_at),
                (0, 0, order.created_at)
            );
            assert!(order.payments.is_empty() && order.shipments.is_empty() && order.refunds.is_empty());
        }),
    );
}

#[test]
fn a_replayed_payment_is_shown_as_it_now_stands() {
    let given =
        World::shop().and(order(1, &[("a", 1)])).and(keyed(1, 1, pay(1, 7))).and(settle(1, 7, succeeded()));
    check(
        given,
        keyed(1, 1, pay(1, 8)),
        Expect::Done(&[], |after| {
            let Outcome::Payment { payment, .. } = &after.answer.outcome else { panic!("a payment") };
            assert_eq!(
                (payment.id, payment.status, after.answer.replayed),
                (PaymentId(7), PaymentStatus::Succeeded, true)
            );
        }),
    );
}

#[test]
fn a_replay_changes_nothing() {
    let commands: [fn() -> Command; 4] = [
        || adjust("a", 1),
        || order(9, &[("a", 1)]),
        || cancel_part(1, &[("a", 1)]),
        || ship(1, 1, Some(&[("a", 1)])),
    ];
    for make in commands {
        let given = paid(&[("a", 3)]).and(keyed(1, 1, make()));
        check(given, keyed(1, 1, make()), Expect::Unchanged);
    }
}

#[test]
fn another_request_under_the_key_is_refused() {
    let given = || World::shop().and(keyed(1, 1, adjust("a", 1)));
    check(given(), keyed(1, 2, adjust("a", 1)), Expect::Refused(Rejection::IdempotencyKeyReused));
    // Checked before all else that may be wrong with it.
    check(
        given(),
        keyed(1, 2, if_match(99, adjust("none", 0))),
        Expect::Refused(Rejection::IdempotencyKeyReused),
    );
    check(given(), keyed(2, 2, adjust("a", 1)), Expect::Done(&["stock.adjusted"], just));
}

#[test]
fn a_refused_command_leaves_its_key_free() {
    let refused = || keyed(1, 1, order(1, &[("a", 11)]));
    let shortages =
        vec![earmark_core::Shortage { sku: crate::given::sku("a"), requested: 11, available: 10 }];
    check(World::shop(), refused(), Expect::Refused(Rejection::InsufficientStock { shortages }));
    check(
        World::shop().and(adjust("a", 1)),
        refused(),
        Expect::Done(&["order.created", "order.confirmed"], just),
    );
}

#[test]
fn a_dry_run_leaves_its_key_free() {
    check(paid(&[("a", 1)]), dry(keyed(1, 1, cancel(1))), Expect::Unchanged);
}

#[test]
fn what_changed_nothing_keeps_its_key_too() {
    let given = World::shop().and(order(1, &[("a", 1)]));
    check(
        given,
        keyed(1, 1, confirm(1)),
        Expect::Done(&[], |after| {
            assert!(after.changes.idempotency.is_some() && after.changes.orders.is_empty());
        }),
    );
}

#[test]
fn a_replay_goes_before_the_version() {
    let given = World::shop().and(place(wanted(1, &[("a", 1)]))).and(keyed(1, 1, if_match(1, confirm(1))));
    check(given, keyed(1, 1, if_match(1, confirm(1))), Expect::Unchanged);
}

#[test]
fn a_replay_shows_nothing_of_someone_elses() {
    let given = World::shop().and(by("ann", keyed(1, 1, order(1, &[("a", 1)]))));
    check(given, by("bob", keyed(1, 1, order(2, &[("a", 1)]))), Expect::Refused(Rejection::NotFound));
}

#[test]
fn keys_are_forgotten_when_they_were_kept_long_enough() {
    let purge = || {
        let (digests, kept) = (vec![[1; 16], [9; 16]], Span::from_seconds(3600));
        command(Action::PurgeIdempotencyKeys(PurgeIdempotencyKeys { digests, kept }))
    };
    let given = || World::shop().and(keyed(1, 1, adjust("a", 1)));
    check(given().later(3_598), purge(), Expect::Unchanged);
    check(
        given().later(3_599),
        purge(),
        Expect::Done(&[], |after| {
            assert_eq!(after.changes.deleted_keys, [[1; 16]]);
        }),
    );
    check(
        given().later(3_599).and(purge()),
        keyed(1, 2, adjust("a", 1)),
        Expect::Done(&["stock.adjusted"], just),
    );
}

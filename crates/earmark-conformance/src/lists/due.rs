//! Do the lists that workers read give all work that is due, and no other, the longest due first?

use std::collections::BTreeSet;

use earmark_core::ids::{CartId, OrderId};
use earmark_core::orders::Order;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::{Span, Timestamp};

use crate::harness::Harness;

fn payment_due(order: &Order) -> Option<Timestamp> {
    let pending = order.payments.iter().filter(|payment| payment.status == PaymentStatus::Pending);
    pending.map(|payment| payment.next_attempt_at).min()
}

fn refund_due(order: &Order) -> Option<Timestamp> {
    let pending = order.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
    pending.map(|refund| refund.next_attempt_at).min()
}

/// Compares a list with the model. Orders that are due at the same time may come in any order.
fn check(
    harness: &Harness,
    what: &str,
    due: impl Fn(&Order) -> Option<Timestamp>,
    read: impl Fn(Timestamp, usize) -> Vec<OrderId>,
) {
    for now in moments(harness) {
        let mut wanted: Vec<(Timestamp, OrderId)> =
            harness.model.orders.values().filter_map(|order| Some((due(order)?, order.id))).collect();
        wanted.retain(|(at, _)| *at <= now);
        wanted.sort();
        for limit in [1, 7, 10_000] {
            let found = read(now, limit);
            let times: Vec<_> = found.iter().filter_map(|id| due(&harness.model.orders[id])).collect();
            let first: Vec<_> = wanted.iter().take(limit).map(|(at, _)| *at).collect();
            assert_eq!(times, first, "{what} at {now:?}, limit {limit}");
            let once: BTreeSet<_> = found.iter().collect();
            assert_eq!(once.len(), found.len(), "{what}: none twice");
        }
    }
}

/// Moments before everything, after everything, and between, some of them a microsecond apart.
fn moments(harness: &Harness) -> Vec<Timestamp> {
    let mut moments = vec![Timestamp(0), harness.now, Timestamp(i64::MAX / 2)];
    for order in harness.model.orders.values().step_by(37) {
        moments.extend([order.reserved_until, Timestamp(order.reserved_until.0 - 1)]);
    }
    let due = harness.model.orders.values().filter_map(|order| payment_due(order).or(refund_due(order)));
    moments.extend(due.step_by(11));
    moments
}

pub(crate) fn are_listed(harness: &mut Harness) {
    harness.simulate(41, 2_500);
    let ids = |orders: Vec<Order>| -> Vec<OrderId> {
        assert!(orders.iter().all(|order| *order == *harness.model.orders[&order.id]), "whole orders");
        orders.iter().map(|order| order.id).collect()
    };
    check(harness, "reservations", Order::expiry_due_at, |now, limit| {
        harness.read(|queries| queries.list_due_reservations(now, limit))
    });
    check(harness, "payments", payment_due, |now, limit| {
        ids(harness.read(|queries| queries.list_due_payments(now, limit)))
    });
    check(harness, "refunds", refund_due, |now, limit| {
        ids(harness.read(|queries| queries.list_due_refunds(now, limit)))
    });
    assert!(harness.model.orders.values().any(|order| refund_due(order).is_some()), "some refund is pending");
    assert!(
        harness.model.orders.values().any(|order| payment_due(order).is_some()),
        "some payment is pending"
    );
    carts_are_listed(harness);
}

fn carts_are_listed(harness: &Harness) {
    for now in
        [Timestamp(0), harness.now, harness.now.after(Span::from_seconds(86_400)), Timestamp(i64::MAX / 2)]
    {
        let due = harness.model.carts.values().filter(|cart| cart.expires_at <= now);
        let wanted: BTreeSet<CartId> = due.map(|cart| cart.id).collect();
        for limit in [1, 7, 10_000] {
            let found = harness.read(|queries| queries.list_due_carts(now, limit));
            let once: BTreeSet<CartId> = found.iter().copied().collect();
            assert_eq!(found.len(), wanted.len().min(limit), "carts due at {now:?}, limit {limit}");
            assert!(once.len() == found.len() && once.is_subset(&wanted), "carts that are due, none twice");
        }
    }
}

//! What must be done now? Lists for the workers: everything that is due and nothing else, the longest due first.

use std::collections::BTreeSet;

use earmark_core::ids::{CartId, OrderId};
use earmark_core::orders::Order;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::{Span, Timestamp};

use super::book::Book;

pub(super) fn payment_due(order: &Order) -> Option<Timestamp> {
    let pending = order.payments.iter().filter(|payment| payment.status == PaymentStatus::Pending);
    pending.map(|payment| payment.next_attempt_at).min()
}

pub(super) fn refund_due(order: &Order) -> Option<Timestamp> {
    let pending = order.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending);
    pending.map(|refund| refund.next_attempt_at).min()
}

/// Holds a due list against the rows. Rows due at the same time may come in any order.
fn check(
    book: &Book,
    what: &str,
    due: impl Fn(&Order) -> Option<Timestamp>,
    read: impl Fn(Timestamp, usize) -> Vec<OrderId>,
) {
    for now in moments(book) {
        let mut wanted: Vec<(Timestamp, OrderId)> =
            book.model.orders.values().filter_map(|order| Some((due(order)?, order.id))).collect();
        wanted.retain(|(at, _)| *at <= now);
        wanted.sort();
        for limit in [1, 7, 10_000] {
            let found = read(now, limit);
            let times: Vec<_> = found.iter().filter_map(|id| due(&book.model.orders[id])).collect();
            let first: Vec<_> = wanted.iter().take(limit).map(|(at, _)| *at).collect();
            assert_eq!(times, first, "{what} at {now:?}, limit {limit}");
            let once: BTreeSet<_> = found.iter().collect();
            assert_eq!(once.len(), found.len(), "{what}: none twice");
        }
    }
}

/// Before everything, some moments in between, to the microsecond, and after everything.
fn moments(book: &Book) -> Vec<Timestamp> {
    let mut moments = vec![Timestamp(0), book.now, Timestamp(i64::MAX / 2)];
    for order in book.model.orders.values().step_by(37) {
        moments.extend([order.reserved_until, Timestamp(order.reserved_until.0 - 1)]);
    }
    let due = book.model.orders.values().filter_map(|order| payment_due(order).or(refund_due(order)));
    moments.extend(due.step_by(11));
    moments
}

pub(super) fn due_lists(book: &mut Book) {
    book.simulate(41, 2_500);
    let ids = |orders: Vec<Order>| -> Vec<OrderId> {
        assert!(orders.iter().all(|order| *order == *book.model.orders[&order.id]), "whole orders");
        orders.iter().map(|order| order.id).collect()
    };
    check(book, "reservations", Order::expiry_due_at, |now, limit| {
        book.ask(|queries| queries.list_due_reservations(now, limit))
    });
    check(book, "payments", payment_due, |now, limit| {
        ids(book.ask(|queries| queries.list_due_payments(now, limit)))
    });
    check(book, "refunds", refund_due, |now, limit| {
        ids(book.ask(|queries| queries.list_due_refunds(now, limit)))
    });
    assert!(book.model.orders.values().any(|order| refund_due(order).is_some()), "some refund is pending");
    assert!(book.model.orders.values().any(|order| payment_due(order).is_some()), "some payment is pending");
    carts(book);
}

fn carts(book: &Book) {
    for now in [Timestamp(0), book.now, book.now.after(Span::from_seconds(86_400)), Timestamp(i64::MAX / 2)] {
        let due = book.model.carts.values().filter(|cart| cart.expires_at <= now);
        let wanted: BTreeSet<CartId> = due.map(|cart| cart.id).collect();
        for limit in [1, 7, 10_000] {
            let found = book.ask(|queries| queries.list_due_carts(now, limit));
            let once: BTreeSet<CartId> = found.iter().copied().collect();
            assert_eq!(found.len(), wanted.len().min(limit), "carts due at {now:?}, limit {limit}");
            assert!(once.len() == found.len() && once.is_subset(&wanted), "carts that are due, none twice");
        }
    }
}

/// Every key that the sweep finds old when it is walked to its end.
pub(super) fn sweep(book: &Book, made_before: Timestamp, limit: usize) -> Vec<[u8; 16]> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let stretch = book.ask(|queries| queries.sweep_idempotency_keys(after, made_before, limit));
        assert!(stretch.expired.len() <= limit, "a stretch of {limit}");
        found.extend(stretch.expired);
        assert!(stretch.next.is_none() || stretch.next != after, "the sweep goes on");
        after = stretch.next;
        if after.is_none() {
            return found;
        }
    }
}

pub(super) fn key_sweep(book: &mut Book) {
    book.simulate(42, 1_500);
    let some = book.model.idempotency.values().step_by(97).map(|record| record.created_at);
    let moments: Vec<_> = some.chain([Timestamp(0), Timestamp(i64::MAX)]).collect();
    for made_before in moments {
        let old = book.model.idempotency.values().filter(|record| record.created_at < made_before);
        let wanted: BTreeSet<[u8; 16]> = old.map(|record| record.digest).collect();
        for limit in [3, 100, 10_000] {
            let found = sweep(book, made_before, limit);
            let once: BTreeSet<_> = found.iter().copied().collect();
            assert_eq!(once.len(), found.len(), "no key twice");
            assert!(once == wanted, "keys made before {made_before:?}, limit {limit}");
        }
    }
}

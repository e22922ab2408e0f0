//! Do the counters of an order stay within their bounds and only grow, and does its status follow
//! from them and move only as the contract allows?

use earmark_core::orders::{Order, OrderStatus};
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::{Action, Changes, Timestamp};

use crate::ledger::{Checked, Ledger, TimedCommand, ensure};

/// Checks orders and carts of a decision before the ledger takes it in.
pub(crate) fn check(ledger: &Ledger, timed: TimedCommand<'_>, changes: &Changes) -> Checked {
    let TimedCommand { command, now } = timed;
    let created = match &command.action {
        Action::CreateRefund(refund) => Some(refund.amount),
        _ => None,
    };
    for order in &changes.orders {
        let before = ledger.orders.get(&order.id).map(|order| &**order);
        let checked = counters(order)
            .and_then(|()| status(order))
            .and_then(|()| placement_is_kept(before, order, now))
            .and_then(|()| only_grows(before, order))
            .and_then(|()| crate::money::check(before, order, created))
            .and_then(|()| path(before, order).map(drop));
        checked.map_err(|why| format!("{}: {why}", order.id))?;
        let reached = command.caller.access.reaches(order.customer_id.as_ref());
        ensure(reached, || format!("{} was changed by another customer", order.id))?;
    }
    for cart in &changes.carts {
        let version = ledger.carts.get(&cart.id).map_or(0, |cart| cart.version);
        ensure(cart.version == version + 1, || {
            format!("{}: version {} after {version}", cart.id, cart.version)
        })?;
        let reached = command.caller.access.reaches(cart.customer_id.as_ref());
        ensure(reached, || format!("{} was changed by another customer", cart.id))?;
    }
    Ok(())
}

fn counters(order: &Order) -> Checked {
    order.lines.iter().try_for_each(|line| {
        let within = u64::from(line.cancelled) + u64::from(line.shipped) <= u64::from(line.quantity)
            && line.delivered <= line.shipped
            && line.returned <= line.shipped
            && line.quantity > 0;
        ensure(within, || format!("counters out of bounds: {line:?}"))
    })
}

/// The status that follows from counters and times, as the contract defines it.
fn expected_status(order: &Order) -> OrderStatus {
    let count = |of: fn(&earmark_core::orders::OrderLine) -> u32| -> u64 {
        order.lines.iter().map(|line| u64::from(of(line))).sum()
    };
    let left = count(|line| line.quantity) - count(|line| line.cancelled);
    let (shipped, delivered) = (count(|line| line.shipped), count(|line| line.delivered));
    match (left, order.paid_at, order.confirmed_at) {
        (0, _, _) => OrderStatus::Cancelled,
        _ if delivered == left => OrderStatus::Delivered,
        _ if shipped == left => OrderStatus::Shipped,
        (_, Some(_), _) => OrderStatus::Paid,
        (_, None, Some(_)) => OrderStatus::Confirmed,
        (_, None, None) => OrderStatus::Created,
    }
}

fn status(order: &Order) -> Checked {
    let expected = expected_status(order);
    ensure(order.status() == expected, || {
        format!("status {:?}, the counters give {expected:?}", order.status())
    })
}

/// What was placed never changes; each change raises the version by one and has its time.
fn placement_is_kept(before: Option<&Order>, order: &Order, now: Timestamp) -> Checked {
    ensure(order.updated_at == now, || "updated at another time".to_owned())?;
    let Some(before) = before else {
        let placed = Order { version: 1, created_at: now, ..order.as_placed() };
        return ensure(placed == *order, || "a new order is not as it was placed".to_owned());
    };
    ensure(order.version == before.version + 1, || {
        format!("version {} after {}", order.version, before.version)
    })?;
    let same = order.as_placed() == before.as_placed();
    ensure(same, || "what was placed has changed".to_owned())
}

/// Counters and lists only grow, and what is settled stays settled.
fn only_grows(before: Option<&Order>, order: &Order) -> Checked {
    let Some(before) = before else { return Ok(()) };
    for (was, line) in before.lines.iter().zip(&order.lines) {
        let grown =
            line.cancelled >= was.cancelled && line.shipped >= was.shipped && line.delivered >= was.delivered;
        ensure(grown, || format!("a counter shrank: {was:?} to {line:?}"))?;
    }
    ensure(order.cancellations.starts_with(&before.cancellations), || "a cancellation changed".to_owned())?;
    for (was, payment) in before.payments.iter().zip(&order.payments) {
        let settled = was.status != PaymentStatus::Pending;
        ensure(was == payment || !settled, || format!("{}: settled twice", payment.id))?;
        let kept = (was.id, was.amount) == (payment.id, payment.amount);
        ensure(kept, || format!("{}: another payment in its place", payment.id))?;
    }
    for (was, refund) in before.refunds.iter().zip(&order.refunds) {
        let settled = was.status != RefundStatus::Pending;
        ensure(was == refund || !settled, || format!("{}: settled twice", refund.id))?;
        ensure((was.id, was.amount) == (refund.id, refund.amount), || format!("{}: changed", refund.id))?;
    }
    let pending = order.payments.iter().filter(|payment| payment.status == PaymentStatus::Pending).count();
    ensure(pending <= 1, || "two payments in progress".to_owned())?;
    let begun = order.payments.len() > before.payments.len();
    ensure(!begun || before.status() == OrderStatus::Confirmed, || {
        "a payment of an order not CONFIRMED".to_owned()
    })?;
    let sent = order.shipments.len() > before.shipments.len();
    ensure(!sent || before.status() == OrderStatus::Paid, || "a shipment of an order not PAID".to_owned())
}

/// The states that an order went through by one decision, in their order. A new order begins as
/// CREATED.
pub(crate) fn path(before: Option<&Order>, order: &Order) -> Result<Vec<OrderStatus>, String> {
    let (from, to) = (before.map_or(OrderStatus::Created, Order::status), order.status());
    if from == to {
        return Ok(Vec::new());
    }
    let mut path = Vec::new();
    let mut at = from;
    while at != to {
        let allowed = at.allowed();
        let onwards = allowed.iter().find(|next| **next != OrderStatus::Cancelled);
        at = match onwards {
            _ if allowed.contains(&to) => to,
            Some(next) => *next,
            None => return Err(format!("no transition from {from:?} to {to:?}")),
        };
        path.push(at);
    }
    Ok(path)
}

//! Does every change of an order, an item or stock have exactly its events, and every event its
//! change?

use earmark_core::event::EventDraft;
use earmark_core::orders::{CancelReason, Order, OrderStatus};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::refunds::RefundStatus;
use earmark_core::{Action, Changes, Command};

use crate::ledger::{Checked, Ledger, ensure};
use crate::orders::path;

/// Checks the events of a decision before the ledger takes it in.
pub(crate) fn check(ledger: &Ledger, command: &Command, changes: &Changes) -> Checked {
    for order in &changes.orders {
        let before = ledger.orders.get(&order.id).map(|order| &**order);
        let drafts = changes.events.iter().filter(|draft| draft.order_id == Some(order.id));
        let found: Vec<&str> = drafts.map(|draft| draft.fact.type_name()).collect();
        let states = states(before, order)?;
        let in_order: Vec<&str> = found.iter().copied().filter(|name| STATES.contains(name)).collect();
        ensure(in_order == states, || {
            format!("{}: the events name the states {in_order:?}, not {states:?}", order.id)
        })?;
        let (mut found, mut wanted) = (found, states);
        wanted.extend(details(before, order));
        // The decision of a person has its own event beside those of what it led to.
        wanted.extend(matches!(command.action, Action::ResolvePayment(_)).then_some("payment.resolved"));
        found.sort_unstable();
        wanted.sort_unstable();
        ensure(found == wanted, || format!("{}: events {found:?}, not {wanted:?}", order.id))?;
    }
    let of_orders = |draft: &EventDraft| {
        draft.order_id.is_none_or(|id| changes.orders.iter().any(|order| order.id == id))
    };
    ensure(changes.events.iter().all(of_orders), || "an event of an order that did not change".to_owned())?;
    let found: Vec<&str> =
        changes.events.iter().filter(|d| d.sku.is_some()).map(|d| d.fact.type_name()).collect();
    let wanted: &[&str] = match &command.action {
        _ if changes.stocks.is_empty() || !changes.orders.is_empty() => &[],
        Action::PutItem(put) if ledger.items.contains_key(&put.sku) => &["item.updated"],
        Action::PutItem(_) => &["item.created"],
        _ => &["stock.adjusted"],
    };
    ensure(found == wanted, || format!("events {found:?} of items, not {wanted:?}"))
}

/// The events of the order as a whole.
const STATES: [&str; 6] =
    ["order.created", "order.confirmed", "order.paid", "order.shipped", "order.delivered", "order.cancelled"];

/// The events of the order as a whole that a decision must have, in their order.
fn states(before: Option<&Order>, order: &Order) -> Result<Vec<&'static str>, String> {
    let mut names = Vec::new();
    names.extend(before.is_none().then_some("order.created"));
    // An order that is paid while or after it is cancelled in full stays CANCELLED.
    names.extend(path(before, order)?.into_iter().map(|status| match status {
        OrderStatus::Created => "order.created",
        OrderStatus::Confirmed => "order.confirmed",
        OrderStatus::Paid => "order.paid",
        OrderStatus::Shipped => "order.shipped",
        OrderStatus::Delivered => "order.delivered",
        OrderStatus::Cancelled => "order.cancelled",
    }));
    Ok(names)
}

/// All other events that a decision must have.
fn details(before: Option<&Order>, order: &Order) -> Vec<&'static str> {
    let mut names = Vec::new();
    let new_cancellations = &order.cancellations[before.map_or(0, |order| order.cancellations.len())..];
    for cancellation in new_cancellations {
        names.extend((order.status() != OrderStatus::Cancelled).then_some("order.partially_cancelled"));
        names.extend((cancellation.reason == CancelReason::Expired).then_some("reservation.expired"));
    }
    for (place, payment) in order.payments.iter().enumerate() {
        let was = before.and_then(|order| order.payments.get(place));
        if was.map(|was| was.status) != Some(payment.status) {
            names.push(payment_event(payment));
        }
    }
    for (place, refund) in order.refunds.iter().enumerate() {
        let was = before.and_then(|order| order.refunds.get(place)).map(|was| was.status);
        names.extend(was.is_none().then_some("refund.created"));
        names.extend(
            (was != Some(refund.status) && refund.status == RefundStatus::Succeeded)
                .then_some("refund.succeeded"),
        );
        names.extend(
            (was != Some(refund.status) && refund.status == RefundStatus::Failed).then_some("refund.failed"),
        );
    }
    for (place, shipment) in order.shipments.iter().enumerate() {
        let was = before.and_then(|order| order.shipments.get(place));
        names.extend(was.is_none().then_some("shipment.created"));
        let arrived = shipment.delivered_at.is_some() && was.is_none_or(|was| was.delivered_at.is_none());
        names.extend(arrived.then_some("shipment.delivered"));
    }
    names
}

fn payment_event(payment: &Payment) -> &'static str {
    match payment.status {
        PaymentStatus::Pending => "payment.pending",
        PaymentStatus::Succeeded => "payment.succeeded",
        PaymentStatus::Declined => "payment.declined",
        PaymentStatus::Failed => "payment.failed",
    }
}

//! Takes units out of an order: what a cancellation and an expired reservation have in common, with
//! the rule for a whole order, which [`whole`] refuses once something has shipped.

use super::paid::mark_paid_if_free;
use super::parts::{Part, rest};
use super::totals::sum;
use super::{Cancellation, Order, OrderStatus};
use crate::event::{EventDraft, Fact};
use crate::ids::RefundId;
use crate::items::Stock;
use crate::refunds::new::NewRefund;
use crate::units::CancelledUnits;
use crate::{Rejection, Result, Timestamp, WorkingSet};

/// All units of an order, as long as none has shipped.
pub(super) fn whole(order: &Order) -> Result<Vec<Part>> {
    if order.lines.iter().any(|line| line.shipped > 0) {
        let detail = "something has shipped: name the lines to cancel".into();
        return Err(Rejection::InvalidTransition { current: order.status(), detail });
    }
    Ok(rest(order))
}

/// The stock of these units, no longer reserved.
pub(super) fn release(order: &Order, parts: &[Part], rows: &WorkingSet, now: Timestamp) -> Vec<Stock> {
    let release =
        |part: &Part| rows.stock_of(&order.lines[part.line].sku).moved(0, -i64::from(part.quantity), now);
    parts.iter().map(release).collect()
}

/// Takes the units out of their lines and records the cancellation with its refund. `cancellation`
/// comes without lines and refund; the refund, if one is due, gets the id.
pub(super) fn take_out(
    order: &mut Order,
    parts: &[Part],
    mut cancellation: Cancellation,
    refund_id: RefundId,
) -> Vec<EventDraft> {
    let (before, now, reason) = (order.status(), cancellation.at, cancellation.reason);
    for part in parts {
        let line = &mut order.lines[part.line];
        let (from, to) = (line.cancelled, line.cancelled + part.quantity);
        let amount = line.part(from, to);
        line.cancelled = to;
        cancellation.lines.push(CancelledUnits { sku: line.sku.clone(), quantity: part.quantity, amount });
    }
    let amount = sum(cancellation.lines.iter().map(|units| units.amount));
    let refunded = NewRefund { id: refund_id, amount, reason }.add_to(order, now);
    cancellation.refund_id = refunded.as_ref().map(|_| refund_id);
    let after = order.status();
    let (lines, refund_id) = (cancellation.lines.clone(), cancellation.refund_id);
    let fact = if after == OrderStatus::Cancelled {
        Fact::OrderCancelled { reason, lines, refund_id }
    } else {
        Fact::OrderPartiallyCancelled { reason, lines, refund_id }
    };
    order.cancellations.push(cancellation);
    let mut events = vec![EventDraft::order(order.id, fact)];
    events.extend(refunded);
    // Without the cancelled units, all that is left may have shipped, or even arrived.
    if before == OrderStatus::Paid && matches!(after, OrderStatus::Shipped | OrderStatus::Delivered) {
        events.push(EventDraft::order(order.id, Fact::OrderShipped));
    }
    if after != before && after == OrderStatus::Delivered {
        events.push(EventDraft::order(order.id, Fact::OrderDelivered));
    }
    events.extend(mark_paid_if_free(order, now));
    events
}

//! When is an order paid? When a payment took the money, or when there is nothing to pay.

use super::{Order, OrderStatus};
use crate::event::{EventDraft, Fact};
use crate::ids::PaymentId;
use crate::{Money, Timestamp};

/// Marks an order as paid; `payment_id` is `None` where there was nothing to pay.
pub(crate) fn mark_paid(order: &mut Order, payment_id: Option<PaymentId>, now: Timestamp) -> EventDraft {
    order.paid_at = Some(now);
    EventDraft::order(order.id, Fact::OrderPaid { payment_id })
}

/// Marks a confirmed order as paid if it costs nothing, or nothing any more.
pub(super) fn mark_paid_if_free(order: &mut Order, now: Timestamp) -> Option<EventDraft> {
    let free = order.status() == OrderStatus::Confirmed && order.total() == Money::ZERO;
    free.then(|| mark_paid(order, None, now))
}

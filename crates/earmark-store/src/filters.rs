//! Which rows does a filter let through, and between which ids can they be?
//!
//! An id begins with the time at which it was made, so a filter by time is also a range of ids.
//! Both engines use the same range, so that they list the same.

use earmark_core::ids::OrderId;
use earmark_core::orders::Order;
use earmark_core::payments::Payment;
use earmark_core::refunds::Refund;
use earmark_core::{Span, Timestamp};

use crate::queries::{OrderFilter, PaymentFilter, RefundFilter};

/// How far the time within an id may be from `created_at`, in seconds: the one comes from the clock
/// of the node that took the request, the other from that of the node that committed it.
const SLACK_SECONDS: u32 = 3600;

impl OrderFilter {
    /// Whether all conditions hold for this order, but for its place in the list.
    pub fn lets_through(&self, order: &Order) -> bool {
        let holds = |condition: Option<bool>| condition.unwrap_or(true);
        holds(self.customer_id.as_ref().map(|id| order.customer_id.as_ref() == Some(id)))
            && holds(self.status.map(|status| order.status() == status))
            && holds(self.sku.as_ref().map(|sku| order.line(sku).is_some()))
            && holds(self.reference.as_ref().map(|reference| order.reference.as_ref() == Some(reference)))
            && is_between(order.created_at, self.created_after, self.created_before)
    }

    /// The lowest and the highest id that can match. Without a highest, none can.
    pub fn bounds(&self) -> (OrderId, Option<OrderId>) {
        let (low, high) = bounds(self.created_after, self.created_before, self.before.map(|id| id.0));
        (OrderId(low), high.map(OrderId))
    }
}

impl PaymentFilter {
    /// Whether all conditions hold for this payment, but for its place in the list.
    pub fn lets_through(&self, payment: &Payment) -> bool {
        self.status.is_none_or(|status| payment.status == status)
            && is_between(payment.created_at, self.created_after, self.created_before)
    }

    /// The lowest and the highest id that can match, as numbers. Without a highest, none can.
    pub fn bounds(&self) -> (u128, Option<u128>) {
        bounds(self.created_after, self.created_before, self.before.map(|id| id.0))
    }
}

impl RefundFilter {
    /// Whether all conditions hold for this refund, but for its place in the list.
    pub fn lets_through(&self, refund: &Refund) -> bool {
        self.status.is_none_or(|status| refund.status == status)
            && is_between(refund.created_at, self.created_after, self.created_before)
    }

    /// The lowest and the highest id that can match, as numbers. Without a highest, none can.
    pub fn bounds(&self) -> (u128, Option<u128>) {
        bounds(self.created_after, self.created_before, self.before.map(|id| id.0))
    }
}

fn is_between(at: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
}

fn bounds(
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    before_id: Option<u128>,
) -> (u128, Option<u128>) {
    let slack = Span::from_seconds(SLACK_SECONDS);
    let lowest = after.map_or(0, |at| first_id(at.before(slack)));
    let by_time = before.map_or(u128::MAX, |at| first_id(at.after(slack)));
    let highest = match before_id {
        Some(before) => before.checked_sub(1).map(|id| id.min(by_time)),
        None => Some(by_time),
    };
    (lowest, highest)
}

/// The first id that a time can have.
fn first_id(at: Timestamp) -> u128 {
    let millis = u128::try_from(at.0.max(0) / 1000).unwrap_or(0);
    millis.min(0xFFFF_FFFF_FFFF) << 80
}

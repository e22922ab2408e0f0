//! Which rows does a filter let through, and between which ids can they be?
//!
//! An id begins with the time at which it was made, so a filter by time is also a range of ids.
//! Both engines use the same range, so that they list the same.

use earmark_core::ids::OrderId;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::{Order, Payment, Refund, Span, Timestamp};

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
}

impl RefundFilter {
    /// Whether all conditions hold for this refund, but for its place in the list.
    pub fn lets_through(&self, refund: &Refund) -> bool {
        self.status.is_none_or(|status| refund.status == status)
            && is_between(refund.created_at, self.created_after, self.created_before)
    }
}

/// A filter of payments or refunds, as an engine that lists them across all orders uses it.
pub trait MoneyFilter: Sync {
    type Row: Clone + Send;

    /// Whether only pending ones match, for which engines have an index of their own.
    fn is_pending(&self) -> bool;

    /// The lowest and the highest id that can match, as numbers. Without a highest, none can.
    fn bounds(&self) -> (u128, Option<u128>);

    /// The row of an order that has this id, if the filter lets it through.
    fn find_in<'order>(&self, order: &'order Order, id: u128) -> Option<&'order Self::Row>;
}

impl MoneyFilter for PaymentFilter {
    type Row = Payment;

    fn is_pending(&self) -> bool {
        self.status == Some(PaymentStatus::Pending)
    }

    fn bounds(&self) -> (u128, Option<u128>) {
        bounds(self.created_after, self.created_before, self.before.map(|id| id.0))
    }

    fn find_in<'order>(&self, order: &'order Order, id: u128) -> Option<&'order Payment> {
        let payment = order.payments.iter().find(|payment| payment.id.0 == id);
        payment.filter(|payment| self.lets_through(payment))
    }
}

impl MoneyFilter for RefundFilter {
    type Row = Refund;

    fn is_pending(&self) -> bool {
        self.status == Some(RefundStatus::Pending)
    }

    fn bounds(&self) -> (u128, Option<u128>) {
        bounds(self.created_after, self.created_before, self.before.map(|id| id.0))
    }

    fn find_in<'order>(&self, order: &'order Order, id: u128) -> Option<&'order Refund> {
        let refund = order.refunds.iter().find(|refund| refund.id.0 == id);
        refund.filter(|refund| self.lets_through(refund))
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

//! Writes a refund onto its order. The gateway is called after the commit, by a worker.

use super::{Refund, RefundStatus};
use crate::event::{EventDraft, Fact};
use crate::ids::RefundId;
use crate::orders::Order;
use crate::payments::PaymentStatus;
use crate::units::CancelReason;
use crate::{Money, Timestamp};

/// A refund that is owed.
pub(crate) struct NewRefund {
    pub(crate) id: RefundId,
    pub(crate) amount: Money,
    pub(crate) reason: CancelReason,
}

impl NewRefund {
    /// Adds the refund to its order, cut to what is refundable. `None` if that is nothing, or if no
    /// payment took money.
    pub(crate) fn add_to(self, order: &mut Order, now: Timestamp) -> Option<EventDraft> {
        let payment = order.payments.iter().find(|payment| payment.status == PaymentStatus::Succeeded)?;
        let payment_id = payment.id;
        let amount = self.amount.min(order.refundable());
        let (refund_id, reason) = (self.id, self.reason);
        (amount > Money::ZERO).then(|| {
            order.refunds.push(Refund {
                id: refund_id,
                payment_id,
                status: RefundStatus::Pending,
                amount,
                reason,
                attempts: 0,
                next_attempt_at: now,
                version: 1,
                created_at: now,
                updated_at: now,
            });
            EventDraft::order(order.id, Fact::RefundCreated { refund_id, payment_id, amount, reason })
        })
    }
}

//! Records a gateway's answer about a payment. The first answer that ends it stands; a later one
//! changes nothing, so workers of several nodes may both record theirs.

use serde::{Deserialize, Serialize};

use super::PaymentStatus;
use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, PaymentId, RefundId};
use crate::orders::paid::mark_paid;
use crate::orders::{Order, OrderStatus};
use crate::refunds::new::NewRefund;
use crate::text::Name;
use crate::units::CancelReason;
use crate::{Changes, Decision, Keys, Money, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Record a gateway's answer about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlePayment {
    pub order_id: OrderId,
    pub payment_id: PaymentId,
    pub result: PaymentResult,
    /// The id of the refund, should the money have come too late.
    pub refund_id: RefundId,
}

/// A gateway's answer about a payment. A reference is the gateway's own id of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentResult {
    /// The money was taken.
    Succeeded { reference: Option<Name> },
    /// The gateway refused; `code` is its reason.
    Declined { code: Name, reference: Option<Name> },
    /// The gateway knows of no such payment, and never will.
    Failed { code: Name },
    /// No answer, or none that can be understood. The gateway is called again.
    Unknown { next_attempt_at: Timestamp },
}

impl SettlePayment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        let place = order.payments.iter().position(|payment| payment.id == self.payment_id);
        let place = place.ok_or(Rejection::NotFound)?;
        if order.payments[place].status != PaymentStatus::Pending {
            return Ok(Decision::unchanged(Outcome::Done));
        }
        // Refusals end here.
        let mut order = order.next(now);
        let events = self.record(&mut order, place, now);
        Ok(Decision { outcome: Outcome::Done, changes: Changes::of_order(order, events) })
    }

    fn record(&self, order: &mut Order, place: usize, now: Timestamp) -> Vec<EventDraft> {
        let payment = &mut order.payments[place];
        payment.attempts = payment.attempts.saturating_add(1);
        payment.version += 1;
        payment.updated_at = now;
        let (payment_id, amount) = (payment.id, payment.amount);
        match &self.result {
            PaymentResult::Succeeded { reference } => {
                payment.status = PaymentStatus::Succeeded;
                payment.gateway_reference.clone_from(reference);
                let mut events =
                    vec![EventDraft::order(order.id, Fact::PaymentSucceeded { payment_id, amount })];
                events.extend(self.pay(order, now));
                events
            }
            PaymentResult::Declined { code, reference } => {
                payment.status = PaymentStatus::Declined;
                payment.decline_code = Some(code.clone());
                payment.gateway_reference.clone_from(reference);
                let fact = Fact::PaymentDeclined { payment_id, amount, decline_code: code.clone() };
                vec![EventDraft::order(order.id, fact)]
            }
            PaymentResult::Failed { code } => {
                payment.status = PaymentStatus::Failed;
                payment.decline_code = Some(code.clone());
                let fact = Fact::PaymentFailed { payment_id, amount, decline_code: code.clone() };
                vec![EventDraft::order(order.id, fact)]
            }
            PaymentResult::Unknown { next_attempt_at } => {
                payment.next_attempt_at = *next_attempt_at;
                Vec::new()
            }
        }
    }

    /// The money is there. The order is paid, unless it was cancelled while the gateway worked.
    /// What is more than the order costs by now goes back.
    fn pay(&self, order: &mut Order, now: Timestamp) -> Vec<EventDraft> {
        let mut events = Vec::new();
        if order.status() == OrderStatus::Confirmed {
            events.push(mark_paid(order, Some(self.payment_id), now));
        }
        let due = order.balance_due();
        if due < Money::ZERO {
            let amount = Money::ZERO.minus(due).expect("the negative of an amount is an amount");
            let last = order.cancellations.last();
            let reason = last.map_or(CancelReason::Other, |cancellation| cancellation.reason);
            events.extend(NewRefund { id: self.refund_id, amount, reason }.add_to(order, now));
        }
        events
    }
}

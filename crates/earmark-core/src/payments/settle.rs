//! Writes down what a gateway said. Whoever comes first wins; a second answer changes nothing.

use serde::{Deserialize, Serialize};

use super::PaymentStatus;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, PaymentId, RefundId};
use crate::orders::cancel::refund;
use crate::orders::{CancelReason, Order, OrderStatus};
use crate::outcome::Outcome;
use crate::text::Name;
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};
use std::sync::Arc;

/// Write down what a gateway said about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlePayment {
    /// Of which order.
    pub order_id: OrderId,
    /// About which payment.
    pub payment_id: PaymentId,
    /// What it said.
    pub result: PaymentResult,
    /// The id of the refund to be, should the money have come too late.
    pub refund_id: RefundId,
}

/// What a gateway said about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentResult {
    /// It took the money.
    Succeeded {
        /// Its own id of it.
        reference: Option<Name>,
    },
    /// It refused.
    Declined {
        /// Why.
        code: Name,
        /// Its own id of it.
        reference: Option<Name>,
    },
    /// It knows of no such payment, and never will.
    Failed {
        /// Why.
        code: Name,
    },
    /// Nothing, or nothing that can be understood: ask again.
    Unknown {
        /// When.
        next_attempt_at: Timestamp,
    },
}

impl SettlePayment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision, Rejection> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        let place = order.payments.iter().position(|payment| payment.id == self.payment_id);
        let place = place.ok_or(Rejection::NotFound)?;
        if order.payments[place].status != PaymentStatus::Pending {
            return Ok(Decision { outcome: Outcome::Done, changes: Changes::default() });
        }
        // Refusals end here.
        let mut order = order.next(now);
        let events = self.write(&mut order, place, now);
        let changes = Changes { orders: vec![Arc::new(order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Done, changes })
    }

    fn write(&self, order: &mut Order, place: usize, now: Timestamp) -> Vec<EventDraft> {
        let payment = &mut order.payments[place];
        payment.attempts = payment.attempts.saturating_add(1);
        payment.version += 1;
        payment.updated_at = now;
        let (payment_id, amount) = (payment.id, payment.amount);
        match &self.result {
            PaymentResult::Succeeded { reference } => {
                payment.status = PaymentStatus::Succeeded;
                payment.gateway_reference.clone_from(reference);
                self.paid(order, Fact::PaymentSucceeded { payment_id, amount }, now)
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

    /// The money is there: the order is paid, unless it was cancelled meanwhile; what is too much goes back.
    fn paid(&self, order: &mut Order, fact: Fact, now: Timestamp) -> Vec<EventDraft> {
        let mut events = vec![EventDraft::order(order.id, fact)];
        if order.status() == OrderStatus::Confirmed {
            order.paid_at = Some(now);
            events.push(EventDraft::order(order.id, Fact::OrderPaid { payment_id: Some(self.payment_id) }));
        }
        let due = order.balance_due();
        if due < crate::Money::ZERO {
            let excess = crate::Money::ZERO.minus(due).expect("the negative of an amount is an amount");
            let reason =
                order.cancellations.last().map_or(CancelReason::Other, |cancellation| cancellation.reason);
            events.extend(refund(order, self.refund_id, (excess, reason), now));
        }
        events
    }
}

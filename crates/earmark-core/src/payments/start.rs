//! Starts a payment of all that is due.
//!
//! Only the row is written here. A worker calls the gateway after the commit, with the payment's id
//! as its idempotency key.

use serde::{Deserialize, Serialize};

use super::{PAYMENTS_MAX, Payment, PaymentStatus, Token};
use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, PaymentId};
use crate::orders::{Order, OrderStatus};
use crate::text::Name;
use crate::{Caller, Changes, Decision, Keys, Money, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Start a payment of all that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartPayment {
    pub order_id: OrderId,
    /// The id of the payment to be.
    pub payment_id: PaymentId,
    pub token: Token,
    /// The amount that the client means to pay; another amount than what is due is refused.
    pub amount: Option<Money>,
    /// The name of the gateway to call.
    pub gateway: Name,
}

impl StartPayment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        self.check(order)?;
        // Refusals end here.
        let mut order = order.next(now);
        let payment = Payment {
            id: self.payment_id,
            status: PaymentStatus::Pending,
            amount: order.balance_due(),
            token: self.token.clone(),
            gateway: self.gateway.clone(),
            gateway_reference: None,
            decline_code: None,
            attempts: 0,
            next_attempt_at: now,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        order.payments.push(payment.clone());
        let fact = Fact::PaymentPending { payment_id: payment.id, amount: payment.amount };
        let events = vec![EventDraft::order(order.id, fact)];
        let changes = Changes::of_order(order, events);
        Ok(Decision { outcome: Outcome::Payment { order_id: self.order_id, payment }, changes })
    }

    fn check(&self, order: &Order) -> Result<()> {
        let current = order.status();
        if order.payments.len() >= PAYMENTS_MAX {
            return Err(Rejection::invalid("", format!("an order has at most {PAYMENTS_MAX} payments")));
        }
        match current {
            OrderStatus::Created => {
                let detail = "confirm the order before it is paid".into();
                return Err(Rejection::InvalidTransition { current, detail });
            }
            OrderStatus::Cancelled => {
                let detail = "a cancelled order cannot be paid".into();
                return Err(Rejection::InvalidTransition { current, detail });
            }
            OrderStatus::Confirmed => {}
            OrderStatus::Paid | OrderStatus::Shipped | OrderStatus::Delivered => {
                return Err(Rejection::AlreadyPaid);
            }
        }
        if order.pending_payment().is_some() {
            return Err(Rejection::PaymentInProgress);
        }
        match self.amount {
            Some(expected) if expected != order.balance_due() => {
                Err(Rejection::AmountMismatch { expected, balance_due: order.balance_due() })
            }
            _ => Ok(()),
        }
    }
}

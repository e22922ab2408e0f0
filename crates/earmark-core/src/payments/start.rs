//! Begins an attempt to take money: the row first, the gateway after the commit.

use serde::{Deserialize, Serialize};

use super::{PAYMENTS_MAX, Payment, PaymentStatus, Token};
use crate::caller::Caller;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, PaymentId};
use crate::orders::confirm::reachable;
use crate::orders::{Order, OrderStatus};
use crate::outcome::Outcome;
use crate::text::Name;
use crate::working_set::{Keys, WorkingSet};
use crate::{Money, Rejection, Timestamp};
use std::sync::Arc;

/// Begin a payment of all that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartPayment {
    /// Of which order.
    pub order_id: OrderId,
    /// The id of the payment to be.
    pub payment_id: PaymentId,
    /// The means.
    pub token: Token,
    /// What the client wants to pay; must be what is due.
    pub amount: Option<Money>,
    /// Which gateway is asked.
    pub gateway: Name,
}

impl StartPayment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(
        &self,
        caller: &Caller,
        rows: &WorkingSet,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let order = reachable(rows, self.order_id, &caller.access)?;
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
        let changes = Changes { orders: vec![Arc::new(order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Payment { order_id: self.order_id, payment }, changes })
    }

    fn check(&self, order: &Order) -> Result<(), Rejection> {
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

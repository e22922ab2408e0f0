//! Refunds some of the money of an order because the merchant wants it.
//!
//! The amount is bounded by the captured money less what went or goes back. A refund that FAILED
//! counts for nothing, so the same amount can be refunded again under a new one.

use serde::{Deserialize, Serialize};

use super::new::NewRefund;
use crate::ids::{OrderId, RefundId};
use crate::orders::Order;
use crate::units::CancelReason;
use crate::{Caller, Changes, Decision, Keys, Money, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// The most refunds of one order that are made by this command. What a cancellation or a late
/// payment owes always goes back.
pub const REFUNDS_MAX: usize = 200;

/// Refund some of the money of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRefund {
    pub order_id: OrderId,
    /// The id of the refund to be.
    pub refund_id: RefundId,
    pub amount: Money,
    pub reason: CancelReason,
}

impl CreateRefund {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        self.check(order)?;
        // Refusals end here.
        let mut order = order.next(now);
        let refund = NewRefund { id: self.refund_id, amount: self.amount, reason: self.reason };
        let events = refund.add_to(&mut order, now).into_iter().collect();
        let refund = order.refunds.last().expect("the amount is above zero and was captured").clone();
        let changes = Changes::of_order(order, events);
        Ok(Decision { outcome: Outcome::Refund { order_id: self.order_id, refund }, changes })
    }

    fn check(&self, order: &Order) -> Result<()> {
        if self.amount <= Money::ZERO {
            return Err(Rejection::invalid("/amount", "an amount above zero"));
        }
        if order.refunds.len() >= REFUNDS_MAX {
            return Err(Rejection::invalid("", format!("an order has at most {REFUNDS_MAX} refunds")));
        }
        let refundable = order.refundable();
        if self.amount > refundable {
            return Err(Rejection::RefundExceedsCaptured { requested: self.amount, refundable });
        }
        Ok(())
    }
}

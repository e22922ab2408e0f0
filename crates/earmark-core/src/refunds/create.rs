//! Gives money back at will: the row first, bounded by what was captured less what went or goes back; the gateway after the commit.
//!
//! A refund that FAILED counts for nothing, so the same amount can be asked for again under a new one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::changes::{Changes, Decision};
use crate::ids::{OrderId, RefundId};
use crate::orders::cancel::refund;
use crate::orders::confirm::reachable;
use crate::orders::{CancelReason, Order};
use crate::outcome::Outcome;
use crate::working_set::{Keys, WorkingSet};
use crate::{Money, Rejection, Timestamp};

/// The most refunds of one order that are made at will; what a cancellation or a late payment owes always goes back.
pub const REFUNDS_MAX: usize = 200;

/// Give some of the money of an order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRefund {
    /// Of which order.
    pub order_id: OrderId,
    /// The id of the refund to be.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: CancelReason,
}

impl CreateRefund {
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
        let events =
            refund(&mut order, self.refund_id, (self.amount, self.reason), now).into_iter().collect();
        let made = order.refunds.last().expect("the amount is above zero and was captured").clone();
        let changes = Changes { orders: vec![Arc::new(order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Refund { order_id: self.order_id, refund: made }, changes })
    }

    fn check(&self, order: &Order) -> Result<(), Rejection> {
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

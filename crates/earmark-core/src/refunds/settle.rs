//! Writes down what a gateway said about a refund. Whoever comes first wins; a second answer changes nothing.

use serde::{Deserialize, Serialize};

use super::RefundStatus;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, RefundId};
use crate::outcome::Outcome;
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};
use std::sync::Arc;

/// Write down what a gateway said about a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRefund {
    /// Of which order.
    pub order_id: OrderId,
    /// About which refund.
    pub refund_id: RefundId,
    /// What it said.
    pub result: RefundResult,
}

/// What a gateway said about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundResult {
    /// The money is back.
    Succeeded,
    /// It refused.
    Failed,
    /// Nothing: ask again.
    Unknown {
        /// When.
        next_attempt_at: Timestamp,
    },
}

impl SettleRefund {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision, Rejection> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        let place = order.refunds.iter().position(|refund| refund.id == self.refund_id);
        let place = place.ok_or(Rejection::NotFound)?;
        if order.refunds[place].status != RefundStatus::Pending {
            return Ok(Decision { outcome: Outcome::Done, changes: Changes::default() });
        }
        // Refusals end here.
        let mut order = order.next(now);
        let refund = &mut order.refunds[place];
        refund.attempts = refund.attempts.saturating_add(1);
        refund.version += 1;
        refund.updated_at = now;
        let (refund_id, amount) = (refund.id, refund.amount);
        let fact = match self.result {
            RefundResult::Succeeded => {
                refund.status = RefundStatus::Succeeded;
                Some(Fact::RefundSucceeded { refund_id, amount })
            }
            RefundResult::Failed => {
                refund.status = RefundStatus::Failed;
                Some(Fact::RefundFailed { refund_id, amount })
            }
            RefundResult::Unknown { next_attempt_at } => {
                refund.next_attempt_at = next_attempt_at;
                None
            }
        };
        let events = fact.map(|fact| EventDraft::order(order.id, fact)).into_iter().collect();
        let changes = Changes { orders: vec![Arc::new(order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Done, changes })
    }
}

//! Records a gateway's answer about a refund. The first answer that ends it stands; a later one
//! changes nothing, so workers of several nodes may both record theirs.

use serde::{Deserialize, Serialize};

use super::RefundStatus;
use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, RefundId};
use crate::{Changes, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Record a gateway's answer about a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRefund {
    pub order_id: OrderId,
    pub refund_id: RefundId,
    pub result: RefundResult,
}

/// A gateway's answer about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundResult {
    /// The gateway gave the money back.
    Succeeded,
    /// The gateway refused to give the money back.
    Failed,
    /// No answer, or none that can be understood. The gateway is called again.
    Unknown { next_attempt_at: Timestamp },
}

impl SettleRefund {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        let place = order.refunds.iter().position(|refund| refund.id == self.refund_id);
        let place = place.ok_or(Rejection::NotFound)?;
        if order.refunds[place].status != RefundStatus::Pending {
            return Ok(Decision::unchanged(Outcome::Done));
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
        Ok(Decision { outcome: Outcome::Done, changes: Changes::of_order(order, events) })
    }
}

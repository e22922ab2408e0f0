//! Ends a payment by a person's word, where the gateway cannot be made to say what became of it. Who said so, and why, stays in the history.

use serde::{Deserialize, Serialize};

use super::PaymentStatus;
use super::settle::{PaymentResult, SettlePayment};
use crate::caller::Caller;
use crate::changes::{Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, PaymentId, RefundId};
use crate::orders::confirm::reachable;
use crate::outcome::Outcome;
use crate::text::{Name, Note};
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};

/// End a payment by a person's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvePayment {
    /// Of which order.
    pub order_id: OrderId,
    /// Which payment.
    pub payment_id: PaymentId,
    /// What is known about it.
    pub verdict: Verdict,
    /// How it is known.
    pub note: Note,
    /// The id of the refund to be, should the money have come too late.
    pub refund_id: RefundId,
}

/// What a person knows about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The money was taken.
    Succeeded {
        /// The gateway's own id of it.
        reference: Option<Name>,
    },
    /// It was not, and never will be.
    Failed,
}

/// What a payment that was resolved as FAILED gives as its reason.
const DECLINE_CODE: &str = "resolved_by_hand";

impl ResolvePayment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    /// The version of the payment.
    pub(crate) fn version(&self, rows: &WorkingSet) -> Option<u64> {
        let order = rows.orders.find(&self.order_id)?;
        order.payments.iter().find(|payment| payment.id == self.payment_id).map(|payment| payment.version)
    }

    pub(crate) fn decide(
        &self,
        caller: &Caller,
        rows: &WorkingSet,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let order = reachable(rows, self.order_id, &caller.access)?;
        let payment = order.payments.iter().find(|payment| payment.id == self.payment_id);
        let status = payment.ok_or(Rejection::NotFound)?.status;
        if status != PaymentStatus::Pending {
            return Err(Rejection::PaymentSettled { status });
        }
        if self.note.as_str().trim().is_empty() {
            return Err(Rejection::invalid("/note", "say how it is known"));
        }
        // Refusals end here: from now on it is as if the gateway had said it.
        let result = match &self.verdict {
            Verdict::Succeeded { reference } => PaymentResult::Succeeded { reference: reference.clone() },
            Verdict::Failed => {
                PaymentResult::Failed { code: Name::parse(DECLINE_CODE).expect("a short word is a name") }
            }
        };
        let (order_id, payment_id, refund_id) = (self.order_id, self.payment_id, self.refund_id);
        let mut decision = SettlePayment { order_id, payment_id, result, refund_id }.decide(rows, now)?;
        let order = decision.changes.orders.first().expect("a pending payment moves its order");
        let payment = order.payments.iter().find(|payment| payment.id == payment_id);
        let payment = payment.expect("it was there a moment ago").clone();
        let fact = Fact::PaymentResolved { payment_id, status: payment.status, note: self.note.clone() };
        decision.changes.events.push(EventDraft::order(order_id, fact));
        decision.outcome = Outcome::Payment { order_id, payment };
        Ok(decision)
    }
}

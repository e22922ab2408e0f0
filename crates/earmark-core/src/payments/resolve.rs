//! Ends a payment by hand, where the gateway cannot be made to say what became of it.
//!
//! From then on it is as if the gateway had answered. The event keeps the actor and the note.

use serde::{Deserialize, Serialize};

use super::PaymentStatus;
use super::settle::{PaymentResult, SettlePayment};
use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, PaymentId, RefundId};
use crate::text::{Name, Note};
use crate::{Caller, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// End a pending payment by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvePayment {
    pub order_id: OrderId,
    pub payment_id: PaymentId,
    pub resolved_as: ResolvedAs,
    /// How it is known what became of the payment; not blank.
    pub note: Note,
    /// The id of the refund, should the money have come too late.
    pub refund_id: RefundId,
}

/// What a person knows about a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResolvedAs {
    /// The money was taken; `reference` is the gateway's own id of the payment.
    Succeeded { reference: Option<Name> },
    /// The money was not taken, and never will be.
    Failed,
}

/// The decline code of a payment that was resolved as FAILED.
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

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        let payment = order.payments.iter().find(|payment| payment.id == self.payment_id);
        let status = payment.ok_or(Rejection::NotFound)?.status;
        if status != PaymentStatus::Pending {
            return Err(Rejection::PaymentSettled { status });
        }
        if self.note.as_str().trim().is_empty() {
            return Err(Rejection::invalid("/note", "say how it is known"));
        }
        // Refusals end here: from now on it is as if the gateway had answered.
        let result = match &self.resolved_as {
            ResolvedAs::Succeeded { reference } => PaymentResult::Succeeded { reference: reference.clone() },
            ResolvedAs::Failed => {
                PaymentResult::Failed { code: Name::parse(DECLINE_CODE).expect("a short word is a name") }
            }
        };
        let (order_id, payment_id, refund_id) = (self.order_id, self.payment_id, self.refund_id);
        let mut decision = SettlePayment { order_id, payment_id, result, refund_id }.decide(rows, now)?;
        let order = decision.changes.orders.first().expect("a pending payment moves its order");
        let payment = order.payments.iter().find(|payment| payment.id == payment_id);
        let payment = payment.expect("it was found before").clone();
        let fact = Fact::PaymentResolved { payment_id, status: payment.status, note: self.note.clone() };
        decision.changes.events.push(EventDraft::order(order_id, fact));
        decision.outcome = Outcome::Payment { order_id, payment };
        Ok(decision)
    }
}

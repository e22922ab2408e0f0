//! Makes the pending payment and refunds of an order due now, so that workers call the gateway.
//!
//! A notification of a gateway leads here. It is only a reason to call the gateway, never the truth
//! about a payment.

use serde::{Deserialize, Serialize};

use super::PaymentStatus;
use crate::ids::OrderId;
use crate::refunds::{Refund, RefundStatus};
use crate::{Changes, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Make the next attempts of an order's pending payment and refunds due now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HastenAttempts {
    pub order_id: OrderId,
}

impl HastenAttempts {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        let payment = order
            .payments
            .iter()
            .position(|payment| payment.status == PaymentStatus::Pending && payment.next_attempt_at > now);
        let later = |refund: &Refund| refund.status == RefundStatus::Pending && refund.next_attempt_at > now;
        if payment.is_none() && !order.refunds.iter().any(later) {
            return Ok(Decision::unchanged(Outcome::Done));
        }
        // Refusals end here.
        let mut order = order.next(now);
        if let Some(place) = payment {
            let payment = &mut order.payments[place];
            (payment.next_attempt_at, payment.updated_at) = (now, now);
            payment.version += 1;
        }
        for refund in order.refunds.iter_mut().filter(|refund| later(refund)) {
            (refund.next_attempt_at, refund.updated_at) = (now, now);
            refund.version += 1;
        }
        Ok(Decision { outcome: Outcome::Done, changes: Changes::of_order(order, Vec::new()) })
    }
}

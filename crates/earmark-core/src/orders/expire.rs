//! Cancels an order that was not paid before its reservation ended, so that its stock is available
//! again.
//!
//! A payment in progress pins the reservation: its money may already be taken.

use serde::{Deserialize, Serialize};

use super::Cancellation;
use super::take_out::{release, take_out, whole};
use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, RefundId};
use crate::units::CancelReason;
use crate::{Actor, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Cancel an order if its reservation has ended; else nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireReservation {
    pub order_id: OrderId,
}

impl ExpireReservation {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order_with_items(rows, self.order_id);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        if order.expiry_due_at().is_none_or(|due| due > now) {
            return Ok(Decision::unchanged(Outcome::Done));
        }
        let parts = whole(order)?;
        // Refusals end here.
        let stocks = release(order, &parts, rows, now);
        let mut order = order.next(now);
        let cancellation = Cancellation {
            at: now,
            actor: Actor::System,
            reason: CancelReason::Expired,
            note: None,
            lines: Vec::new(),
            refund_id: None,
        };
        let mut events = vec![EventDraft::order(order.id, Fact::ReservationExpired)];
        // An order that took money is PAID and does not expire, so the refund's id is never used.
        events.extend(take_out(&mut order, &parts, cancellation, RefundId(0)));
        Ok(Decision::order(order, stocks, events))
    }
}

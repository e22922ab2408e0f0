//! Frees the stock of an order that was not paid in time. A payment in progress pins the reservation.

use serde::{Deserialize, Serialize};

use super::cancel::{needs_stock_of, take_out, whole};
use super::{CancelReason, Cancellation};
use crate::caller::Actor;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, RefundId};
use crate::orders::confirm::decision;
use crate::outcome::Outcome;
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};

/// Cancel an order whose reservation has ended; anything else is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireReservation {
    /// Which.
    pub order_id: OrderId,
}

impl ExpireReservation {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        needs_stock_of(self.order_id, rows, keys);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision, Rejection> {
        let order = rows.orders.find(&self.order_id).ok_or(Rejection::NotFound)?;
        if order.expiry_due_at().is_none_or(|due| due > now) {
            return Ok(Decision { outcome: Outcome::Done, changes: Changes::default() });
        }
        let parts = whole(order)?;
        // Refusals end here.
        let mut order = order.next(now);
        let cancellation = Cancellation {
            at: now,
            actor: Actor::System,
            reason: CancelReason::Expired,
            note: None,
            lines: Vec::new(),
            refund_id: None,
        };
        // Nothing was captured (the order would be PAID), so the refund id is never used.
        let (stocks, cancelled) = take_out(&mut order, &parts, cancellation, (RefundId(0), rows, now));
        let mut events = vec![EventDraft::order(order.id, Fact::ReservationExpired)];
        events.extend(cancelled);
        let mut decision = decision(order, events);
        decision.changes.stocks = stocks;
        Ok(decision)
    }
}

//! Confirms an order, so that it may be paid. An order with nothing to pay is paid at once.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::OrderStatus;
use super::paid::mark_paid_if_free;
use crate::event::{EventDraft, Fact};
use crate::ids::OrderId;
use crate::{Caller, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Confirm an order. To confirm it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmOrder {
    pub order_id: OrderId,
}

impl ConfirmOrder {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        if order.status() == OrderStatus::Cancelled {
            let detail = "a cancelled order cannot be confirmed".into();
            return Err(Rejection::InvalidTransition { current: OrderStatus::Cancelled, detail });
        }
        if order.confirmed_at.is_some() {
            return Ok(Decision::unchanged(Outcome::Order(Arc::clone(order))));
        }
        // Refusals end here.
        let mut order = order.next(now);
        order.confirmed_at = Some(now);
        let mut events = vec![EventDraft::order(order.id, Fact::OrderConfirmed)];
        events.extend(mark_paid_if_free(&mut order, now));
        Ok(Decision::order(order, Vec::new(), events))
    }
}

//! Confirms an order: it may be paid now. One with nothing to pay is paid with it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Order, OrderStatus};
use crate::caller::{Access, Caller};
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::OrderId;
use crate::outcome::Outcome;
use crate::working_set::{Keys, WorkingSet};
use crate::{Money, Rejection, Timestamp};

/// Confirm an order; again: unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmOrder {
    /// Which.
    pub order_id: OrderId,
}

impl ConfirmOrder {
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
        if order.status() == OrderStatus::Cancelled {
            let detail = "a cancelled order cannot be confirmed".into();
            return Err(Rejection::InvalidTransition { current: OrderStatus::Cancelled, detail });
        }
        if order.confirmed_at.is_some() {
            return Ok(Decision { outcome: Outcome::Order(Arc::clone(order)), changes: Changes::default() });
        }
        // Refusals end here.
        let mut order = order.next(now);
        order.confirmed_at = Some(now);
        let mut events = vec![EventDraft::order(order.id, Fact::OrderConfirmed)];
        events.extend(paid_if_nothing_to_pay(&mut order, now));
        Ok(decision(order, events))
    }
}

/// The order, if it exists for the caller.
pub(crate) fn reachable<'rows>(
    rows: &'rows WorkingSet,
    id: OrderId,
    access: &Access,
) -> Result<&'rows Arc<Order>, Rejection> {
    rows.orders
        .find(&id)
        .filter(|order| access.reaches(order.customer_id.as_ref()))
        .ok_or(Rejection::NotFound)
}

/// Marks a confirmed order that costs nothing (any more) as paid.
pub(crate) fn paid_if_nothing_to_pay(order: &mut Order, now: Timestamp) -> Option<EventDraft> {
    let free = order.status() == OrderStatus::Confirmed && order.total() == Money::ZERO;
    free.then(|| {
        order.paid_at = Some(now);
        EventDraft::order(order.id, Fact::OrderPaid { payment_id: None })
    })
}

/// A changed order as the answer.
pub(crate) fn decision(order: Order, events: Vec<EventDraft>) -> Decision {
    let order = Arc::new(order);
    let changes = Changes { orders: vec![Arc::clone(&order)], events, ..Changes::default() };
    Decision { outcome: Outcome::Order(order), changes }
}

//! Cancels an order, or a part of it. Its stock is released, and what was paid for it is refunded,
//! in the same decision.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::parts::{self, Part};
use super::take_out::{release, take_out, whole};
use super::{Cancellation, Order, OrderStatus};
use crate::ids::{OrderId, RefundId};
use crate::text::Note;
use crate::units::{CancelReason, Units};
use crate::{Caller, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Cancel an order, in whole or in part. To cancel a cancelled order as a whole changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    pub order_id: OrderId,
    /// Which units; `None` for the whole order, as long as nothing has shipped.
    pub lines: Option<Vec<Units>>,
    pub reason: CancelReason,
    pub note: Option<Note>,
    /// The id of the refund, should one be due.
    pub refund_id: RefundId,
}

impl CancelOrder {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order_with_items(rows, self.order_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        let parts = match &self.lines {
            Some(lines) => named_parts(order, lines)?,
            None if order.status() == OrderStatus::Cancelled => {
                return Ok(Decision::unchanged(Outcome::Order(Arc::clone(order))));
            }
            None => whole(order)?,
        };
        // Refusals end here.
        let stocks = release(order, &parts, rows, now);
        let mut order = order.next(now);
        let cancellation = Cancellation {
            at: now,
            actor: caller.actor.clone(),
            reason: self.reason,
            note: self.note.clone(),
            lines: Vec::new(),
            refund_id: None,
        };
        let events = take_out(&mut order, &parts, cancellation, self.refund_id);
        Ok(Decision::order(order, stocks, events))
    }
}

fn named_parts(order: &Order, lines: &[Units]) -> Result<Vec<Part>> {
    let parts = parts::named(order, lines)?;
    let current = order.status();
    if matches!(current, OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Cancelled) {
        let detail = "nothing is left that could be cancelled".into();
        return Err(Rejection::InvalidTransition { current, detail });
    }
    if let Some(part) = parts::exceeding(order, &parts) {
        let row = &order.lines[part.line];
        let detail =
            format!("{} of {} asked, {} left that have not shipped", part.quantity, row.sku, row.unshipped());
        return Err(Rejection::InvalidTransition { current, detail });
    }
    if !parts::may_cancel(order, &parts) {
        let detail = "so many parts were cancelled that only the whole rest can be";
        return Err(Rejection::invalid("/lines", detail));
    }
    Ok(parts)
}

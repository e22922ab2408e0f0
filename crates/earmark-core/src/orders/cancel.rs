//! Takes an order, or a part of it, back: its stock is released, and what was paid for it is refunded, with the same decision.

use serde::{Deserialize, Serialize};

use super::confirm::{decision, paid_if_nothing_to_pay, reachable};
use super::{CancelReason, Cancellation, CancelledUnits, Order, OrderStatus, Units};
use crate::caller::Caller;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, RefundId};
use crate::items::Stock;
use crate::outcome::Outcome;
use crate::payments::PaymentStatus;
use crate::refunds::{Refund, RefundStatus};
use crate::text::Note;
use crate::working_set::{Keys, WorkingSet};
use crate::{Money, Rejection, Timestamp};
use std::sync::Arc;

/// Cancel an order, in whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Which.
    pub order_id: OrderId,
    /// Which units; `None` for the whole order, as long as nothing has shipped.
    pub lines: Option<Vec<Units>>,
    /// Why.
    pub reason: CancelReason,
    /// In the words of whoever asks.
    pub note: Option<Note>,
    /// The id of the refund to be, should one be due.
    pub refund_id: RefundId,
}

/// Units to take out of the line at this place.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    line: usize,
    quantity: u32,
}

impl CancelOrder {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        needs_stock_of(self.order_id, rows, keys);
    }

    pub(crate) fn decide(
        &self,
        caller: &Caller,
        rows: &WorkingSet,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let order = reachable(rows, self.order_id, &caller.access)?;
        let parts = match &self.lines {
            Some(lines) => named_parts(order, lines)?,
            None if order.status() == OrderStatus::Cancelled => {
                return Ok(Decision {
                    outcome: Outcome::Order(Arc::clone(order)),
                    changes: Changes::default(),
                });
            }
            None => whole(order)?,
        };
        // Refusals end here.
        let mut order = order.next(now);
        let cancellation = Cancellation {
            at: now,
            actor: caller.actor.clone(),
            reason: self.reason,
            note: self.note.clone(),
            lines: Vec::new(),
            refund_id: None,
        };
        let (stocks, events) = take_out(&mut order, &parts, cancellation, (self.refund_id, rows, now));
        let mut decision = decision(order, events);
        decision.changes.stocks = stocks;
        Ok(decision)
    }
}

/// Names the order, then the stock of its lines.
pub(crate) fn needs_stock_of(id: OrderId, rows: &WorkingSet, keys: &mut Keys) {
    keys.need_order(rows, id);
    if rows.orders.knows(&id) {
        let lines = rows.orders.find(&id).map_or(&[][..], |order| &order.lines);
        lines.iter().for_each(|line| keys.need_item(rows, &line.sku));
    }
}

/// Everything, as long as nothing has shipped.
pub(super) fn whole(order: &Order) -> Result<Vec<Part>, Rejection> {
    if order.lines.iter().any(|line| line.shipped > 0) {
        let detail = "something has shipped: name the lines to cancel".into();
        return Err(Rejection::InvalidTransition { current: order.status(), detail });
    }
    let parts = order.lines.iter().enumerate().map(|(line, row)| Part { line, quantity: row.unshipped() });
    Ok(parts.filter(|part| part.quantity > 0).collect())
}

fn named_parts(order: &Order, lines: &[Units]) -> Result<Vec<Part>, Rejection> {
    let wanted = merged(order, lines)?;
    if order.status().allowed().is_empty() || order.status() == OrderStatus::Shipped {
        let detail = "nothing is left that could be cancelled".into();
        return Err(Rejection::InvalidTransition { current: order.status(), detail });
    }
    if let Some(part) = wanted.iter().find(|part| part.quantity > order.lines[part.line].unshipped()) {
        let row = &order.lines[part.line];
        let detail =
            format!("{} of {} asked, {} left that have not shipped", part.quantity, row.sku, row.unshipped());
        return Err(Rejection::InvalidTransition { current: order.status(), detail });
    }
    let rest: u64 = order.lines.iter().map(|line| u64::from(line.unshipped())).sum();
    let all = wanted.iter().map(|part| u64::from(part.quantity)).sum::<u64>() == rest;
    if !all && !order.may_record_cancellation(wanted.len()) {
        let detail = "so many parts were cancelled that only the whole rest can be";
        return Err(Rejection::invalid("/lines", detail));
    }
    Ok(wanted)
}

/// Adds up the units of one SKU and finds its line.
pub(crate) fn merged(order: &Order, lines: &[Units]) -> Result<Vec<Part>, Rejection> {
    let mut parts: Vec<Part> = Vec::new();
    for (index, units) in lines.iter().enumerate() {
        let Some(line) = order.lines.iter().position(|line| line.sku == units.sku) else {
            let detail = format!("the order has no line of {}", units.sku);
            return Err(Rejection::invalid(format!("/lines/{index}/sku"), detail));
        };
        if units.quantity == 0 {
            return Err(Rejection::invalid(format!("/lines/{index}/quantity"), "at least 1 unit"));
        }
        match parts.iter_mut().find(|part| part.line == line) {
            Some(part) => part.quantity = part.quantity.saturating_add(units.quantity),
            None => parts.push(Part { line, quantity: units.quantity }),
        }
    }
    if parts.is_empty() { Err(Rejection::invalid("/lines", "at least one line")) } else { Ok(parts) }
}

impl Part {
    /// The place of the line, and how many units.
    pub(crate) fn place(self) -> (usize, u32) {
        (self.line, self.quantity)
    }
}

/// Takes units out of the order: counters, the record of it, the refund that is due, the stock released, the events.
pub(super) fn take_out(
    order: &mut Order,
    parts: &[Part],
    mut cancellation: Cancellation,
    (refund_id, rows, now): (RefundId, &WorkingSet, Timestamp),
) -> (Vec<Stock>, Vec<EventDraft>) {
    let before = order.status();
    let mut stocks = Vec::with_capacity(parts.len());
    for part in parts {
        let line = &mut order.lines[part.line];
        let (from, to) = (line.cancelled, line.cancelled + part.quantity);
        let amount = line.placed_total().part(line.quantity, from, to);
        line.cancelled = to;
        cancellation.lines.push(CancelledUnits { sku: line.sku.clone(), quantity: part.quantity, amount });
        let stock = rows.stocks.find(&line.sku).expect("an item has its stock");
        stocks.push(stock.moved(0, -i64::from(part.quantity), now));
    }
    let amount = super::sum(cancellation.lines.iter().map(|units| units.amount));
    let refunded = refund(order, refund_id, (amount, cancellation.reason), now);
    cancellation.refund_id = refunded.as_ref().map(|_| refund_id);
    let (reason, lines) = (cancellation.reason, cancellation.lines.clone());
    let after = order.status();
    let fact = if after == OrderStatus::Cancelled {
        Fact::OrderCancelled { reason, lines, refund_id: cancellation.refund_id }
    } else {
        Fact::OrderPartiallyCancelled { reason, lines, refund_id: cancellation.refund_id }
    };
    order.cancellations.push(cancellation);
    let mut events = vec![EventDraft::order(order.id, fact)];
    events.extend(refunded);
    // What is left may have arrived already; it has left all the same.
    if before == OrderStatus::Paid && matches!(after, OrderStatus::Shipped | OrderStatus::Delivered) {
        events.push(EventDraft::order(order.id, Fact::OrderShipped));
    }
    if after != before && after == OrderStatus::Delivered {
        events.push(EventDraft::order(order.id, Fact::OrderDelivered));
    }
    events.extend(paid_if_nothing_to_pay(order, now));
    (stocks, events)
}

/// Writes a refund of the payment that took the money, if there is one and the amount is not zero.
pub(crate) fn refund(
    order: &mut Order,
    id: RefundId,
    (amount, reason): (Money, CancelReason),
    now: Timestamp,
) -> Option<EventDraft> {
    let payment = order.payments.iter().find(|payment| payment.status == PaymentStatus::Succeeded)?;
    let payment_id = payment.id;
    let amount = amount.min(order.refundable());
    (amount > Money::ZERO).then(|| {
        order.refunds.push(Refund {
            id,
            payment_id,
            status: RefundStatus::Pending,
            amount,
            reason,
            attempts: 0,
            next_attempt_at: now,
            version: 1,
            created_at: now,
            updated_at: now,
        });
        EventDraft::order(order.id, Fact::RefundCreated { refund_id: id, payment_id, amount, reason })
    })
}

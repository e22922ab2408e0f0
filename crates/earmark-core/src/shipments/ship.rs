//! Sends units of a paid order off: they leave `on_hand` and `reserved` together.

use serde::{Deserialize, Serialize};

use super::Shipment;
use crate::caller::Caller;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, ShipmentId};
use crate::orders::cancel::{merged, needs_stock_of};
use crate::orders::confirm::reachable;
use crate::orders::{Order, OrderStatus, Units};
use crate::outcome::Outcome;
use crate::text::{Name, Url};
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};
use std::sync::Arc;

/// Ship an order, in whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipOrder {
    /// Which.
    pub order_id: OrderId,
    /// The id of the shipment to be.
    pub shipment_id: ShipmentId,
    /// Which units; `None` for all that have not shipped.
    pub lines: Option<Vec<Units>>,
    /// Who carries it.
    pub carrier: Option<Name>,
    /// The carrier's own number of it.
    pub tracking_number: Option<Name>,
    /// Where to follow it.
    pub tracking_url: Option<Url>,
}

impl ShipOrder {
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
        let parts = self.parts(order)?;
        // Refusals end here.
        let mut order = order.next(now);
        let mut stocks = Vec::with_capacity(parts.len());
        let mut lines = Vec::with_capacity(parts.len());
        for (place, quantity) in parts {
            let line = &mut order.lines[place];
            line.shipped += quantity;
            let stock = rows.stocks.find(&line.sku).expect("an item has its stock");
            stocks.push(stock.moved(-i64::from(quantity), -i64::from(quantity), now));
            lines.push(Units { sku: line.sku.clone(), quantity });
        }
        let shipment = Shipment {
            id: self.shipment_id,
            lines: lines.clone(),
            carrier: self.carrier.clone(),
            tracking_number: self.tracking_number.clone(),
            tracking_url: self.tracking_url.clone(),
            version: 1,
            created_at: now,
            delivered_at: None,
        };
        order.shipments.push(shipment.clone());
        let fact = Fact::ShipmentCreated { shipment_id: self.shipment_id, lines };
        let mut events = vec![EventDraft::order(order.id, fact)];
        if order.status() == OrderStatus::Shipped {
            events.push(EventDraft::order(order.id, Fact::OrderShipped));
        }
        let changes = Changes { stocks, orders: vec![Arc::new(order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Shipment { order_id: self.order_id, shipment }, changes })
    }

    fn parts(&self, order: &Order) -> Result<Vec<(usize, u32)>, Rejection> {
        let current = order.status();
        let refused = |detail: String| Err(Rejection::InvalidTransition { current, detail });
        let named = self.lines.as_ref().map(|lines| merged(order, lines)).transpose()?;
        if current != OrderStatus::Paid {
            return refused("only a paid order with units left can be shipped".into());
        }
        let Some(named) = named else {
            let rest = order.lines.iter().map(crate::orders::OrderLine::unshipped).enumerate();
            return Ok(rest.filter(|(_, quantity)| *quantity > 0).collect());
        };
        let parts: Vec<_> = named.into_iter().map(crate::orders::cancel::Part::place).collect();
        match parts.iter().find(|(place, quantity)| *quantity > order.lines[*place].unshipped()) {
            Some((place, quantity)) => {
                let row = &order.lines[*place];
                refused(format!("{quantity} of {} asked, {} left to ship", row.sku, row.unshipped()))
            }
            None if !all_of(order, &parts) && !order.may_record_shipment(parts.len()) => Err(
                Rejection::invalid("/lines", "so many parts were shipped that only the whole rest can be"),
            ),
            None => Ok(parts),
        }
    }
}

/// Whether these units are all that are left.
fn all_of(order: &Order, parts: &[(usize, u32)]) -> bool {
    let rest: u64 = order.lines.iter().map(|line| u64::from(line.unshipped())).sum();
    parts.iter().map(|(_, quantity)| u64::from(*quantity)).sum::<u64>() == rest
}

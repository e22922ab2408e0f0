//! Ships units of a paid order. They leave `on_hand` and `reserved` together.

use serde::{Deserialize, Serialize};

use super::Shipment;
use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, ShipmentId};
use crate::orders::parts::{self, Part};
use crate::orders::{Order, OrderStatus};
use crate::text::{Name, Url};
use crate::units::Units;
use crate::{Caller, Changes, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Ship an order, in whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipOrder {
    pub order_id: OrderId,
    /// The id of the shipment to be.
    pub shipment_id: ShipmentId,
    /// Which units; `None` for all that have not shipped.
    pub lines: Option<Vec<Units>>,
    pub carrier: Option<Name>,
    /// The carrier's own number of the shipment.
    pub tracking_number: Option<Name>,
    pub tracking_url: Option<Url>,
}

impl ShipOrder {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order_with_items(rows, self.order_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        let parts = self.parts(order)?;
        // Refusals end here.
        let mut order = order.next(now);
        let mut stocks = Vec::with_capacity(parts.len());
        let mut lines = Vec::with_capacity(parts.len());
        for Part { line, quantity } in parts {
            let line = &mut order.lines[line];
            line.shipped += quantity;
            let units = -i64::from(quantity);
            stocks.push(rows.stock_of(&line.sku).moved(units, units, now));
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
        let changes = Changes { stocks, ..Changes::of_order(order, events) };
        Ok(Decision { outcome: Outcome::Shipment { order_id: self.order_id, shipment }, changes })
    }

    fn parts(&self, order: &Order) -> Result<Vec<Part>> {
        let current = order.status();
        let refused = |detail: String| Err(Rejection::InvalidTransition { current, detail });
        // Lines that the order does not have are refused whatever its state.
        let named = self.lines.as_ref().map(|lines| parts::named(order, lines)).transpose()?;
        if current != OrderStatus::Paid {
            return refused("only a paid order with units left can be shipped".into());
        }
        let Some(parts) = named else { return Ok(parts::rest(order)) };
        if let Some(part) = parts::exceeding(order, &parts) {
            let row = &order.lines[part.line];
            return refused(format!(
                "{} of {} asked, {} left to ship",
                part.quantity,
                row.sku,
                row.unshipped()
            ));
        }
        if !parts::may_ship(order, &parts) {
            let detail = "so many parts were shipped that only the whole rest can be";
            return Err(Rejection::invalid("/lines", detail));
        }
        Ok(parts)
    }
}

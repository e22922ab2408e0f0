//! Writes down that a shipment has arrived; again: unchanged.

use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{OrderId, ShipmentId};
use crate::orders::OrderStatus;
use crate::orders::confirm::reachable;
use crate::outcome::Outcome;
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};
use std::sync::Arc;

/// Mark a shipment as delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverShipment {
    /// Of which order.
    pub order_id: OrderId,
    /// Which.
    pub shipment_id: ShipmentId,
}

impl DeliverShipment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    pub(crate) fn version(&self, rows: &WorkingSet) -> Option<u64> {
        let order = rows.orders.find(&self.order_id)?;
        order
            .shipments
            .iter()
            .find(|shipment| shipment.id == self.shipment_id)
            .map(|shipment| shipment.version)
    }

    pub(crate) fn decide(
        &self,
        caller: &Caller,
        rows: &WorkingSet,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let order = reachable(rows, self.order_id, &caller.access)?;
        let place = order.shipments.iter().position(|shipment| shipment.id == self.shipment_id);
        let place = place.ok_or(Rejection::NotFound)?;
        if order.shipments[place].delivered_at.is_some() {
            let outcome = Outcome::Shipment { order_id: order.id, shipment: order.shipments[place].clone() };
            return Ok(Decision { outcome, changes: Changes::default() });
        }
        // Refusals end here.
        let mut order = order.next(now);
        let shipment = &mut order.shipments[place];
        shipment.delivered_at = Some(now);
        shipment.version += 1;
        let shipment = shipment.clone();
        for units in &shipment.lines {
            let line =
                order.lines.iter_mut().find(|line| line.sku == units.sku).expect("shipped from this order");
            line.delivered += units.quantity;
        }
        let mut events =
            vec![EventDraft::order(order.id, Fact::ShipmentDelivered { shipment_id: shipment.id })];
        if order.status() == OrderStatus::Delivered {
            events.push(EventDraft::order(order.id, Fact::OrderDelivered));
        }
        let changes = Changes { orders: vec![Arc::new(order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Shipment { order_id: self.order_id, shipment }, changes })
    }
}

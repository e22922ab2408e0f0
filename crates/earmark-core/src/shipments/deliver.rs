//! Records that a shipment has arrived.

use serde::{Deserialize, Serialize};

use crate::event::{EventDraft, Fact};
use crate::ids::{OrderId, ShipmentId};
use crate::orders::OrderStatus;
use crate::{Caller, Changes, Decision, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Mark a shipment as delivered. To mark it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverShipment {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
}

impl DeliverShipment {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_order(rows, self.order_id);
    }

    /// The version of the shipment.
    pub(crate) fn version(&self, rows: &WorkingSet) -> Option<u64> {
        let order = rows.orders.find(&self.order_id)?;
        let shipment = order.shipments.iter().find(|shipment| shipment.id == self.shipment_id);
        shipment.map(|shipment| shipment.version)
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let order = rows.reachable_order(self.order_id, &caller.access)?;
        let place = order.shipments.iter().position(|shipment| shipment.id == self.shipment_id);
        let place = place.ok_or(Rejection::NotFound)?;
        if order.shipments[place].delivered_at.is_some() {
            let outcome = Outcome::Shipment { order_id: order.id, shipment: order.shipments[place].clone() };
            return Ok(Decision::unchanged(outcome));
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
        let changes = Changes::of_order(order, events);
        Ok(Decision { outcome: Outcome::Shipment { order_id: self.order_id, shipment }, changes })
    }
}

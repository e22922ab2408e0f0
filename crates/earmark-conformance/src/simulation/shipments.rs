//! Random commands of clients about shipments.

use earmark_core::command::Action;
use earmark_core::ids::ShipmentId;
use earmark_core::orders::OrderStatus;
use earmark_core::shipments::deliver::DeliverShipment;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::Url;

use super::Simulation;
use super::draws::name;

impl Simulation {
    pub(super) fn ship(&mut self) -> Action {
        let Some(order) = self.order(&[OrderStatus::Paid]) else { return self.settle_payment() };
        let lines = self.random.percent(45).then(|| self.some_units(&order));
        let tracked = self.random.percent(40);
        Action::ShipOrder(ShipOrder {
            order_id: order.id,
            shipment_id: ShipmentId(self.id()),
            lines,
            carrier: tracked.then(|| name("Royal Mail")),
            tracking_number: tracked.then(|| name("AB 123")),
            tracking_url: tracked.then(|| Url::parse("https://example.com/t/AB123").expect("a URL")),
        })
    }

    pub(super) fn deliver(&mut self) -> Action {
        let Some((order_id, shipment_id)) = self.random.pick(&self.known.shipments).copied() else {
            return self.ship();
        };
        let shipment_id = if self.random.percent(3) { ShipmentId(self.id()) } else { shipment_id };
        Action::DeliverShipment(DeliverShipment { order_id, shipment_id })
    }
}

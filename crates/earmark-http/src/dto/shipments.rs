//! How does a shipment look to clients? It is lines that left together.

use earmark_core::ids::OrderId;
use earmark_core::shipments::Shipment;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{NameText, OrderIdText, ShipmentIdText, UrlText, Version};
use super::units::UnitsBody;
use crate::time::Time;

/// Lines that left together.
#[derive(Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentBody<'a> {
    id: ShipmentIdText,
    order_id: OrderIdText,
    #[schema(max_items = 500)]
    lines: Vec<UnitsBody<'a>>,
    carrier: Option<NameText<'a>>,
    tracking_number: Option<NameText<'a>>,
    tracking_url: Option<UrlText<'a>>,
    version: Version,
    created_at: Time,
    /// When it arrived; null before.
    delivered_at: Option<Time>,
}

impl<'a> ShipmentBody<'a> {
    /// A shipment of this order.
    pub(crate) fn new(order_id: OrderId, shipment: &'a Shipment) -> Self {
        Self {
            id: ShipmentIdText(shipment.id),
            order_id: OrderIdText(order_id),
            lines: shipment.lines.iter().map(UnitsBody::from).collect(),
            carrier: shipment.carrier.as_ref().map(NameText),
            tracking_number: shipment.tracking_number.as_ref().map(NameText),
            tracking_url: shipment.tracking_url.as_ref().map(UrlText),
            version: Version(shipment.version),
            created_at: Time(shipment.created_at),
            delivered_at: shipment.delivered_at.map(Time),
        }
    }
}

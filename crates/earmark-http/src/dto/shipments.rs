//! How does a shipment look to clients? It is lines that left together.

use earmark_core::ids::OrderId;
use earmark_core::shipments::Shipment;
use earmark_core::text::{Name, Url};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{self, OrderIdText, ShipmentIdText, Version};
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
    #[schema(value_type = Option<schemas::NameText>)]
    carrier: Option<&'a Name>,
    #[schema(value_type = Option<schemas::NameText>)]
    tracking_number: Option<&'a Name>,
    #[schema(value_type = Option<schemas::UrlText>)]
    tracking_url: Option<&'a Url>,
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
            carrier: shipment.carrier.as_ref(),
            tracking_number: shipment.tracking_number.as_ref(),
            tracking_url: shipment.tracking_url.as_ref(),
            version: Version(shipment.version),
            created_at: Time(shipment.created_at),
            delivered_at: shipment.delivered_at.map(Time),
        }
    }
}

//! How does a shipment look to clients? It is lines that left together.

use earmark_core::ids::{OrderId, ShipmentId};
use earmark_core::shipments::Shipment;
use earmark_core::text::{Name, Url};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use super::units::UnitsBody;
use crate::time::Time;

/// Lines that left together.
#[derive(Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentBody<'a> {
    #[schema(value_type = schemas::ShipmentIdText)]
    id: ShipmentId,
    #[schema(value_type = schemas::OrderIdText)]
    order_id: OrderId,
    #[schema(max_items = 500)]
    lines: Vec<UnitsBody<'a>>,
    #[schema(value_type = Option<schemas::NameText>)]
    carrier: Option<&'a Name>,
    #[schema(value_type = Option<schemas::NameText>)]
    tracking_number: Option<&'a Name>,
    #[schema(value_type = Option<schemas::UrlText>)]
    tracking_url: Option<&'a Url>,
    #[schema(value_type = schemas::Version)]
    version: u64,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
    /// When it arrived; null before.
    #[schema(value_type = Option<schemas::TimeText>)]
    delivered_at: Option<Time>,
}

impl<'a> ShipmentBody<'a> {
    /// A shipment of this order.
    pub(crate) fn new(order_id: OrderId, shipment: &'a Shipment) -> Self {
        Self {
            id: shipment.id,
            order_id,
            lines: shipment.lines.iter().map(UnitsBody::from).collect(),
            carrier: shipment.carrier.as_ref(),
            tracking_number: shipment.tracking_number.as_ref(),
            tracking_url: shipment.tracking_url.as_ref(),
            version: shipment.version,
            created_at: Time(shipment.created_at),
            delivered_at: shipment.delivered_at.map(Time),
        }
    }
}

//! `POST /v1/orders/{id}/shipments/{shipment_id}/deliver`: a shipment has arrived.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::shipments::deliver::DeliverShipment;

use crate::dto::schemas;
use crate::dto::shipments::ShipmentBody;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

/// Mark a shipment as delivered
///
/// Again: 200, unchanged.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/shipments/{shipment_id}/deliver",
    tag = "Orders",
    params(
        ("id" = schemas::OrderIdText, Path),
        ("shipment_id" = schemas::ShipmentIdText, Path),
        KeyAccepted,
        IfMatch,
    ),
    responses((status = 200, description = "The shipment.", body = ShipmentBody<'_>)),
)]
pub(crate) async fn deliver_shipment(mut request: ApiRequest) -> Answered {
    request.staff()?;
    let action = DeliverShipment { order_id: request.id("id")?, shipment_id: request.id("shipment_id")? };
    request.no_body().await?;
    request.run(Action::DeliverShipment(action), Keyed::Accepted, StatusCode::OK).await
}

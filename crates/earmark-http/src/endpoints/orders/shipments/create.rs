//! `POST /v1/orders/{id}/shipments`: ships units of a paid order. [`ShipOrder`] has the rules.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::ids::OrderId;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::{Name, Url};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::schemas;
use crate::dto::shipments::ShipmentBody;
use crate::dto::units::UnitsInput;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyRequired};
use crate::problem::Problem;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// What leaves, and how.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateShipmentRequest)]
pub(crate) struct Body {
    /// Which units; all that have not shipped if absent.
    #[schema(min_items = 1, max_items = 500)]
    lines: Option<Vec<UnitsInput>>,
    #[doc = "Who carries it."]
    #[schema(value_type = Option<schemas::NameText<'_>>)]
    carrier: Option<String>,
    /// The carrier's own number of it.
    #[schema(value_type = Option<schemas::NameText<'_>>)]
    tracking_number: Option<String>,
    /// Where to follow it.
    #[schema(value_type = Option<schemas::UrlText<'_>>)]
    tracking_url: Option<String>,
}

impl Body {
    fn check(&self, order_id: OrderId) -> Result<ShipOrder, Problem> {
        let mut checks = Checks::default();
        let lines = self.lines.as_ref().map(|lines| checks.units("/lines", lines));
        let carrier = checks.optional("/carrier", self.carrier.as_deref(), Name::parse);
        let tracking_number =
            checks.optional("/tracking_number", self.tracking_number.as_deref(), Name::parse);
        let tracking_url = checks.optional("/tracking_url", self.tracking_url.as_deref(), Url::parse);
        checks.done()?;
        let shipment_id = fresh_ids::shipment();
        Ok(ShipOrder { order_id, shipment_id, lines, carrier, tracking_number, tracking_url })
    }
}

/// Ship an order
///
/// Needs PAID. The units leave `on_hand` and `reserved` together; several shipments are allowed.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/shipments",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path), KeyRequired, IfMatch),
    request_body(content = Option<Body>, example = json!({ "carrier": "Post" })),
    responses((status = 201, description = "The shipment.", body = ShipmentBody<'_>)),
)]
pub(crate) async fn create_shipment(mut request: ApiRequest) -> Answered {
    request.staff()?;
    let order_id = request.id("id")?;
    let body: Body = request.json_or_default().await?;
    request.run(Action::ShipOrder(body.check(order_id)?), Keyed::Required, StatusCode::CREATED).await
}

//! `PUT /v1/carts/{id}/lines/{sku}`: sets the units of a line.

use earmark_core::carts::QUANTITY_MAX;
use earmark_core::carts::lines::LineChange;
use serde::Deserialize;
use utoipa::ToSchema;

use super::change_line;
use crate::checks::Checks;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

/// Units of a line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetCartLineRequest)]
pub(crate) struct Body {
    #[doc = "How many."]
    #[schema(value_type = schemas::Quantity)]
    quantity: i64,
}

/// Set the units of a line
///
/// Raising is refused beyond what is available; lowering always works.
#[utoipa::path(
    put,
    path = "/v1/carts/{id}/lines/{sku}",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path), ("sku" = schemas::SkuText<'_>, Path), KeyAccepted, IfMatch),
    request_body = Body,
    responses((status = 200, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn set_cart_line(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let (cart_id, sku) = (request.id("id")?, request.sku()?);
    let body: Body = request.json().await?;
    let mut checks = Checks::default();
    let quantity = checks.count("/quantity", body.quantity, 1..=QUANTITY_MAX);
    change_line(&request, cart_id, LineChange::Set { sku, quantity: checks.all(quantity)? }).await
}

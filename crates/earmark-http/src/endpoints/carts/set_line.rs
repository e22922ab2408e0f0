//! `PUT /v1/carts/{id}/lines/{sku}`: sets the units of a line.

use earmark_core::Action;
use earmark_core::carts::QUANTITY_MAX;
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use serde::Deserialize;
use utoipa::ToSchema;

use super::changed;
use crate::call::Call;
use crate::checks::Checks;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;

/// Units of a line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetCartLineRequest)]
pub(crate) struct Body {
    /// How many.
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
    params(("id" = schemas::CartIdText, Path), ("sku" = schemas::SkuText, Path), KeyAccepted, IfMatch),
    request_body = Body,
    responses((status = 200, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn set_cart_line(mut call: Call) -> Answered {
    call.caller()?;
    let (cart_id, sku) = (call.id("id")?, call.sku()?);
    let body: Body = call.json().await?;
    let mut checks = Checks::default();
    let quantity = checks.count("/quantity", body.quantity, (1, QUANTITY_MAX));
    let change = LineChange::Set { sku, quantity: checks.all(quantity)? };
    let ttl = call.app.config.cart_ttl;
    changed(&call, Action::ChangeCartLine(ChangeCartLine { cart_id, change, ttl })).await
}

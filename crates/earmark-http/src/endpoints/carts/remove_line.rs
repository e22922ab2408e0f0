//! `DELETE /v1/carts/{id}/lines/{sku}`: takes a line out.

use earmark_core::Action;
use earmark_core::carts::lines::{ChangeCartLine, LineChange};

use super::changed;
use crate::call::Call;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;

/// Remove a line
#[utoipa::path(
    delete,
    path = "/v1/carts/{id}/lines/{sku}",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path), ("sku" = schemas::SkuText, Path), KeyAccepted, IfMatch),
    responses((status = 200, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn remove_cart_line(mut call: Call) -> Answered {
    call.caller()?;
    let (cart_id, sku) = (call.id("id")?, call.sku()?);
    call.no_body().await?;
    let (change, ttl) = (LineChange::Remove { sku }, call.app.config.cart_ttl);
    changed(&call, Action::ChangeCartLine(ChangeCartLine { cart_id, change, ttl })).await
}

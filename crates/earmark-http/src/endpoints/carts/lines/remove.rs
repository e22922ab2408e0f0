//! `DELETE /v1/carts/{id}/lines/{sku}`: takes a line out of a cart.

use earmark_core::carts::lines::LineChange;

use super::change_line;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

#[utoipa::path(
    delete,
    path = "/v1/carts/{id}/lines/{sku}",
    summary = "Remove a line",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path), ("sku" = schemas::SkuText<'_>, Path), KeyAccepted, IfMatch),
    responses((status = 200, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn remove_cart_line(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let (cart_id, sku) = (request.id("id")?, request.sku()?);
    request.no_body().await?;
    change_line(&request, cart_id, LineChange::Remove { sku }).await
}

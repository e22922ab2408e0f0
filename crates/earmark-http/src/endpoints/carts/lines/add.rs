//! `POST /v1/carts/{id}/lines`: adds units to a line, or a new line.

use earmark_core::carts::lines::LineChange;

use super::change_line;
use crate::checks::Checks;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::dto::units::UnitsInput;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

/// Add units to a cart
///
/// Refused if the line would then want more than is available.
#[utoipa::path(
    post,
    path = "/v1/carts/{id}/lines",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path), KeyAccepted, IfMatch),
    request_body = UnitsInput,
    responses((status = 200, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn add_cart_line(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let cart_id = request.id("id")?;
    let body: UnitsInput = request.json().await?;
    let mut checks = Checks::default();
    let change = checks.one_line(&body).map(|(sku, quantity)| LineChange::Add { sku, quantity });
    change_line(&request, cart_id, checks.all(change)?).await
}

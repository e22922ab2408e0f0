//! `DELETE /v1/carts/{id}`: deletes a cart.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::carts::delete::{DeleteCart, Due};

use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

#[utoipa::path(
    delete,
    path = "/v1/carts/{id}",
    summary = "Delete a cart",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path), KeyAccepted, IfMatch),
    responses((status = 204, description = "The cart is gone.")),
)]
pub(crate) async fn delete_cart(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let action = DeleteCart { cart_id: request.id("id")?, due: Due::Now };
    request.no_body().await?;
    request.run(Action::DeleteCart(action), Keyed::Accepted, StatusCode::NO_CONTENT).await
}

//! `DELETE /v1/carts/{id}`: deletes a cart.

use earmark_core::Action;
use earmark_core::carts::delete::{DeleteCart, Due};

use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::{Answered, Reply};
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
    let answer = request.submit(Action::DeleteCart(action), Keyed::Accepted).await?;
    Ok(Reply::no_content().replayed(answer.replayed.into()))
}

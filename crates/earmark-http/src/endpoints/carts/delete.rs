//! `DELETE /v1/carts/{id}`: throws a cart away.

use earmark_core::Action;
use earmark_core::carts::delete::{DeleteCart, Due};

use crate::call::Call;
use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::{Answered, Reply};

/// Delete a cart
#[utoipa::path(
    delete,
    path = "/v1/carts/{id}",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path), KeyAccepted, IfMatch),
    responses((status = 204, description = "The cart is gone.")),
)]
pub(crate) async fn delete_cart(mut call: Call) -> Answered {
    call.caller()?;
    let action = DeleteCart { cart_id: call.id("id")?, due: Due::Now };
    call.no_body().await?;
    let answer = call.submit(Action::DeleteCart(action), Keyed::Accepted).await?;
    Ok(Reply::no_content().replayed(answer.replayed.into()))
}

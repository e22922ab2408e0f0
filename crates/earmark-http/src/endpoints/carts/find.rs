//! `GET /v1/carts/{id}`: a cart at today's prices.

use crate::call::Call;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};

/// Read a cart
///
/// Prices and availability are today's.
#[utoipa::path(
    get,
    path = "/v1/carts/{id}",
    tag = "Carts",
    params(("id" = schemas::CartIdText, Path)),
    responses((status = 200, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn find_cart(call: Call) -> Answered {
    let caller = call.caller()?;
    let priced = call.app.store.queries().find_cart(call.id("id")?).await?;
    let priced = priced.filter(|priced| caller.access.reaches(priced.cart.customer_id.as_ref()));
    let priced = priced.ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&CartBody::new(&call.app, &priced))?.version(priced.cart.version))
}

//! `GET /v1/carts/{id}`: a cart at the prices of the moment.

use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

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
pub(crate) async fn find_cart(request: ApiRequest) -> Answered {
    let identity = request.identity()?;
    let priced = request.app.store.queries().find_cart(request.id("id")?).await?;
    let priced = priced.filter(|priced| identity.caller.access.reaches(priced.cart.customer_id.as_ref()));
    let priced = priced.ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&CartBody::new(&request.app, &priced))?.version(priced.cart.version))
}

//! `GET /v1/orders/{id}`: an order with everything that belongs to it.

use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// Read an order
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path)),
    responses((status = 200, description = "The order.", body = OrderBody<'_>)),
)]
pub(crate) async fn find_order(request: ApiRequest) -> Answered {
    request.identity()?;
    let order = super::reachable(&request, request.id("id")?).await?;
    Ok(Reply::ok(&OrderBody::new(&request.app, &order))?.version(order.version))
}

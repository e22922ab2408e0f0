//! `GET /v1/orders/{id}`: an order with its payments, refunds and shipments.

use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    summary = "Read an order",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path)),
    responses((status = 200, description = "The order.", body = OrderBody<'_>)),
)]
pub(crate) async fn find_order(request: ApiRequest) -> Answered {
    request.identity()?;
    let order = super::reachable(&request, request.id("id")?).await?;
    Ok(Reply::ok(&OrderBody::new(&request.app, &order))?.version(order.version))
}

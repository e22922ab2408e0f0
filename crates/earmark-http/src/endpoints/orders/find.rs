//! `GET /v1/orders/{id}`: an order with everything that belongs to it.

use crate::call::Call;
use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::reply::{Answered, Reply};

/// Read an order
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path)),
    responses((status = 200, description = "The order.", body = OrderBody<'_>)),
)]
pub(crate) async fn find_order(call: Call) -> Answered {
    call.caller()?;
    let order = super::reachable(&call, call.id("id")?).await?;
    Ok(Reply::ok(&OrderBody::new(&call.app, &order))?.version(order.version))
}

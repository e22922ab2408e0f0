//! `POST /v1/orders/{id}/confirm`: confirms an order, which may then be paid. See [`ConfirmOrder`].

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::orders::confirm::ConfirmOrder;

use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

/// Confirm an order
///
/// Again: 200, unchanged. An order with nothing to pay is PAID with it.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/confirm",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path), KeyAccepted, IfMatch),
    responses((status = 200, description = "The order.", body = OrderBody<'_>)),
)]
pub(crate) async fn confirm_order(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let action = ConfirmOrder { order_id: request.id("id")? };
    request.no_body().await?;
    request.run(Action::ConfirmOrder(action), Keyed::Accepted, StatusCode::OK).await
}

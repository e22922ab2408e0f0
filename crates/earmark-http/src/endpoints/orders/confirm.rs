//! `POST /v1/orders/{id}/confirm`: the order may be paid now.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::orders::confirm::ConfirmOrder;

use crate::call::Call;
use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;

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
pub(crate) async fn confirm_order(mut call: Call) -> Answered {
    call.caller()?;
    let action = ConfirmOrder { order_id: call.id("id")? };
    call.no_body().await?;
    let answer = call.submit(Action::ConfirmOrder(action), Keyed::Accepted).await?;
    super::shown(&call, StatusCode::OK, &answer)
}

//! `/v1/carts/{id}/lines`: changes of a cart's lines. Each answers with the whole cart.

pub(crate) mod add;
pub(crate) mod remove;
pub(crate) mod set;

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use earmark_core::ids::CartId;

use crate::idempotency::Keyed;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// Changes a line, as [`ChangeCartLine`] says, and answers with the cart.
async fn change_line(request: &ApiRequest, cart_id: CartId, change: LineChange) -> Answered {
    let action = ChangeCartLine { cart_id, change, ttl: request.app.config.cart_ttl };
    request.run(Action::ChangeCartLine(action), Keyed::Accepted, StatusCode::OK).await
}

//! `POST /v1/customer-tokens`: creates a short-lived token for one customer.
//!
//! The token is not stored: `earmark-door` signs it with the key of the request.

use axum::http::StatusCode;
use earmark_core::text::CustomerId;
use earmark_core::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;
use crate::time::Time;

const TTL_SECONDS_MAX: u32 = 86_400;
const TTL_SECONDS_DEFAULT: i64 = 3_600;

/// Whose token, and for how long.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerTokenRequest)]
pub(crate) struct Body {
    #[schema(value_type = schemas::CustomerIdText<'_>)]
    customer_id: String,
    /// How long it is valid; an hour if absent.
    #[schema(minimum = 1, maximum = 86400)]
    ttl_seconds: Option<i64>,
}

#[doc = "A customer's token."]
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerToken)]
pub(crate) struct TokenBody<'a> {
    /// What the customer sends as `Authorization: Bearer <token>`.
    #[schema(pattern = "^em_cust_[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$")]
    token: String,
    customer_id: schemas::CustomerIdText<'a>,
    expires_at: Time,
}

/// Create a customer token
///
/// It reaches the customer's own carts, orders and payments and dies with the API key that made it.
#[utoipa::path(
    post,
    path = "/v1/customer-tokens",
    tag = "Keys",
    request_body = Body,
    responses((status = 201, description = "The token.", body = TokenBody<'_>)),
)]
pub(crate) async fn create_customer_token(mut request: ApiRequest) -> Answered {
    request.staff()?;
    let body: Body = request.json().await?;
    let mut checks = Checks::default();
    let customer_id = checks.text("/customer_id", &body.customer_id, CustomerId::parse);
    let ttl = body.ttl_seconds.unwrap_or(TTL_SECONDS_DEFAULT);
    let ttl = checks.count("/ttl_seconds", ttl, 1..=TTL_SECONDS_MAX);
    let (customer_id, ttl) = checks.all(customer_id.zip(ttl))?;
    let expires_at = request.app.store.clock().now().after(Span::from_seconds(ttl));
    let token = request.staff()?.customer_token(&customer_id, expires_at).ok_or_else(Problem::forbidden)?;
    let body =
        TokenBody { token, customer_id: schemas::CustomerIdText(&customer_id), expires_at: Time(expires_at) };
    Reply::json(StatusCode::CREATED, &body)
}

//! `POST /v1/carts`: creates an empty cart, as [`CreateCart`] says.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::carts::create::CreateCart;
use earmark_core::text::CustomerId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::carts::CartBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::KeyAccepted;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// A cart to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateCartRequest)]
pub(crate) struct Body {
    /// Whose it is; a customer's own where a customer asks.
    #[schema(value_type = Option<schemas::CustomerIdText<'_>>)]
    customer_id: Option<String>,
    #[schema(value_type = Option<schemas::MetadataMap<'_>>)]
    metadata: Option<BTreeMap<String, String>>,
}

#[utoipa::path(
    post,
    path = "/v1/carts",
    summary = "Create a cart",
    tag = "Carts",
    params(KeyAccepted),
    request_body = Option<Body>,
    responses((status = 201, description = "The cart.", body = CartBody<'_>)),
)]
pub(crate) async fn create_cart(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let body: Body = request.json_or_default().await?;
    let mut checks = Checks::default();
    let customer_id = checks.optional("/customer_id", body.customer_id.as_deref(), CustomerId::parse);
    let metadata = checks.metadata(body.metadata).unwrap_or_default();
    checks.done()?;
    let action =
        CreateCart { id: fresh_ids::cart(), customer_id, metadata, ttl: request.app.config.cart_ttl };
    request.run(Action::CreateCart(action), Keyed::Accepted, StatusCode::CREATED).await
}

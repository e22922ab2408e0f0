//! `DELETE /v1/keys/{id}`: ends an API key, and every customer token that it has signed.
//!
//! The door forgets the key once the command has run: on this node it stops working at once.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::keys::revoke::RevokeKey;

use crate::dto::keys::KeyBody;
use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::reply::Answered;
use crate::request::ApiRequest;

/// Revoke an API key
///
/// At once on this node, within two seconds on others. Again: 200, unchanged.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    tag = "Keys",
    params(("id" = schemas::KeyIdText, Path), KeyAccepted, IfMatch),
    responses((status = 200, description = "The key, revoked.", body = KeyBody<'_>)),
)]
pub(crate) async fn revoke_key(mut request: ApiRequest) -> Answered {
    request.admin()?;
    let id = request.id("id")?;
    request.no_body().await?;
    let reply = request.run(Action::RevokeKey(RevokeKey { id }), Keyed::Accepted, StatusCode::OK).await?;
    request.app.door.keys.forget(id);
    Ok(reply)
}

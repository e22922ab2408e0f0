//! `DELETE /v1/keys/{id}`: ends an API key, and every customer token that it has signed.
//!
//! The door forgets the key once the command has run: on this node it stops working at once.

use earmark_core::keys::revoke::RevokeKey;
use earmark_core::{Action, Outcome};

use crate::dto::keys::KeyBody;
use crate::dto::schemas;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
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
    let action = RevokeKey { id: request.id("id")? };
    request.no_body().await?;
    let id = action.id;
    let answer = request.submit(Action::RevokeKey(action), Keyed::Accepted).await?;
    request.app.door.keys.forget(id);
    let Outcome::Key(key) = &answer.outcome else { return Err(Problem::internal()) };
    Ok(Reply::ok(&KeyBody::from(key))?.version(key.version).replayed(answer.replayed.into()))
}

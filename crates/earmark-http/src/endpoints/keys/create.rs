//! `POST /v1/keys`: creates an API key and shows its secret, this once.
//!
//! Only a hash of the secret is stored, so the answer cannot be given again, and an
//! `Idempotency-Key` is refused.

use axum::http::StatusCode;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::text::Name;
use earmark_core::{Action, Outcome};
use earmark_door::secrets::FreshKey;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::keys::NewKeyBody;
use crate::dto::schemas;
use crate::field_error::FieldError;
use crate::idempotency::Keyed;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// An API key to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateKeyRequest)]
pub(crate) struct Body {
    #[doc = "What it allows."]
    #[schema(value_type = schemas::KeyRoleWord)]
    role: KeyRole,
    /// What it is for.
    #[schema(value_type = Option<schemas::NameText<'_>>)]
    name: Option<String>,
}

/// Create an API key
#[utoipa::path(
    post,
    path = "/v1/keys",
    description = "Its secret is shown this once and stored hashed; so an Idempotency-Key, which \
        could not be honoured, is refused.",
    tag = "Keys",
    request_body = Body,
    responses((status = 201, description = "The key with its secret.", body = NewKeyBody<'_>)),
)]
pub(crate) async fn create_key(mut request: ApiRequest) -> Answered {
    request.admin()?;
    let body: Body = request.json().await?;
    if request.has_key() {
        let detail = "not accepted here: the secret is shown once and cannot be shown again";
        return Err(Problem::invalid_one(FieldError::header("Idempotency-Key", detail)));
    }
    let mut checks = Checks::default();
    let name = checks.optional("/name", body.name.as_deref(), Name::parse);
    checks.done()?;
    let fresh = FreshKey::draw().map_err(|_| Problem::internal())?;
    let action = CreateKey { id: fresh.id, name, role: body.role, secret_hash: fresh.secret_hash };
    let answer = request.submit(Action::CreateKey(action), Keyed::Accepted).await?;
    let Outcome::Key(key) = &answer.outcome else { return Err(Problem::internal()) };
    Ok(Reply::json(StatusCode::CREATED, &NewKeyBody::new(key, &fresh.token))?.version(key.version))
}

//! What does an endpoint get? One request: its sender, what path, query, headers and body say, and
//! the way to the writer.
//!
//! Every endpoint under `/v1` takes exactly this, so roles, strict parsing and idempotency work the
//! same everywhere.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use earmark_core::payments::contains_card_number;
use earmark_core::text::Sku;
use earmark_core::{Action, Answer, Command, Mode};
use earmark_door::auth::{self, Identity, Role};
use earmark_door::{body, card_numbers};
use serde::de::DeserializeOwned;

use crate::field_error::FieldError;
use crate::idempotency::{self, IDEMPOTENCY_KEY, Keyed};
use crate::if_match::{self, Precondition};
use crate::json;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::state::App;

const NO_CARD_NUMBER: &str = "this looks like a card number; send a token of your gateway instead";

/// A request whose token, if it has one, is valid. The endpoint reads the body after it has checked
/// the sender's role.
pub(crate) struct ApiRequest {
    pub(crate) app: Arc<App>,
    identity: Option<Identity>,
    parts: Parts,
    params: RawPathParams,
    /// Never locked. A body cannot be shared between threads, and a future that holds `&self`
    /// across an `await` must be; the mutex makes it so.
    unread: Mutex<Body>,
    bytes: Bytes,
}

impl FromRequest<Arc<App>> for ApiRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, unread) = request.into_parts();
        let params =
            RawPathParams::from_request_parts(&mut parts, app).await.map_err(|_| Problem::not_found())?;
        let identity = auth::authenticate(&app.door, &parts.headers).await?;
        Ok(Self {
            app: Arc::clone(app),
            identity,
            parts,
            params,
            unread: Mutex::new(unread),
            bytes: Bytes::new(),
        })
    }
}

impl ApiRequest {
    /// The sender; without a token it is refused.
    pub(crate) fn identity(&self) -> Result<&Identity, Problem> {
        self.identity
            .as_ref()
            .ok_or_else(|| Problem::unauthorized("Send a header `Authorization: Bearer <token>`."))
    }

    /// An admin or service. For a customer the resource does not exist.
    pub(crate) fn staff(&self) -> Result<&Identity, Problem> {
        let identity = self.identity()?;
        if identity.role == Role::Customer { Err(Problem::not_found()) } else { Ok(identity) }
    }

    /// An admin. For a customer the resource does not exist.
    pub(crate) fn admin(&self) -> Result<&Identity, Problem> {
        let identity = self.staff()?;
        if identity.role == Role::Admin { Ok(identity) } else { Err(Problem::forbidden()) }
    }

    /// Any sender, with a token where the catalogue is private.
    pub(crate) fn catalogue_reader(&self) -> Result<(), Problem> {
        if self.app.config.private_catalogue { self.identity().map(|_| ()) } else { Ok(()) }
    }

    /// An id in the path. What does not have the form of an id is not found.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.param(name).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// The SKU in the path. What does not have the form of a SKU is not found.
    pub(crate) fn sku(&self) -> Result<Sku, Problem> {
        self.param("sku").and_then(|text| Sku::parse(text).ok()).ok_or_else(Problem::not_found)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The query. Unknown parameters, and a parameter that comes twice, are refused.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let query = Query::<T>::try_from_uri(&self.parts.uri);
        query.map(|Query(query)| query).map_err(|error| {
            let text = error.body_text();
            let detail = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            Problem::wrong_query("", detail)
        })
    }

    /// Reads the body, of whatever type.
    pub(crate) async fn read_body(&mut self) -> Result<(), Problem> {
        let unread = self.unread.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.bytes = body::read(std::mem::take(unread), self.app.door.config.body_timeout).await?;
        Ok(())
    }

    /// The body as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        if !json::is_json(&self.parts.headers) {
            return Err(Problem::unsupported_media_type());
        }
        self.read_body().await?;
        json::parse(&self.bytes)
    }

    /// The body as JSON, or the default without one.
    pub(crate) async fn json_or_default<T: DeserializeOwned + Default>(&mut self) -> Result<T, Problem> {
        self.read_body().await?;
        if self.bytes.is_empty() {
            return Ok(T::default());
        }
        if !json::is_json(&self.parts.headers) {
            return Err(Problem::unsupported_media_type());
        }
        json::parse(&self.bytes)
    }

    /// No body, or an empty object.
    pub(crate) async fn no_body(&mut self) -> Result<(), Problem> {
        self.json_or_default::<Nothing>().await.map(|Nothing {}| ())
    }

    /// Refuses a card number in the path, the query, the idempotency key, or the body that was
    /// read. Every endpoint about payments calls this before it uses any of them, so that no card
    /// number is stored, shown or searched for.
    pub(crate) fn refuse_card_numbers(&self) -> Result<(), Problem> {
        let place = if self.params.iter().any(|(_, value)| contains_card_number(value)) {
            FieldError::path("", NO_CARD_NUMBER)
        } else if card_numbers::in_query(self.parts.uri.query().unwrap_or_default()) {
            FieldError::query("", NO_CARD_NUMBER)
        } else if card_numbers::in_headers(&self.parts.headers, &IDEMPOTENCY_KEY) {
            FieldError::header("Idempotency-Key", NO_CARD_NUMBER)
        } else if card_numbers::in_body(&self.bytes) {
            FieldError::body("", NO_CARD_NUMBER)
        } else {
            return Ok(());
        };
        Err(Problem::invalid_one(place))
    }

    /// Headers, path and the body that was read: what a signature covers.
    pub(crate) fn raw(&self) -> (&HeaderMap, &str, &[u8]) {
        (&self.parts.headers, self.parts.uri.path(), &self.bytes)
    }

    /// What `If-Match` demands of the resource's version.
    pub(crate) fn precondition(&self) -> Result<Precondition, Problem> {
        if_match::parse(&self.parts.headers)
    }

    /// Runs the command. The body must have been read: it is a part of the request's fingerprint.
    pub(crate) async fn submit(&self, action: Action, keyed: Keyed) -> Result<Answer, Problem> {
        let mut command = self.command(action, Mode::Commit)?;
        match idempotency::parse(&self.parts.headers)? {
            Some(key) => {
                let path = self.parts.uri.path_and_query().map_or("", |path| path.as_str());
                let fingerprint = idempotency::fingerprint(&self.parts.method, path, &self.bytes);
                command.idempotency = Some(idempotency::key(&command, &key, fingerprint));
            }
            None if keyed == Keyed::Required => return Err(Problem::idempotency_key_required()),
            None => {}
        }
        Ok(self.app.store.submit(command).await??)
    }

    /// Runs the command and answers with the resource that it left.
    pub(crate) async fn run(&self, action: Action, keyed: Keyed, status: StatusCode) -> Answered {
        Reply::outcome(&self.app, status, &self.submit(action, keyed).await?)
    }

    /// Answers the command as if it had run, and changes nothing.
    pub(crate) async fn dry_run(&self, action: Action) -> Result<Answer, Problem> {
        let command = self.command(action, Mode::DryRun)?;
        Ok(self.app.store.submit(command).await??)
    }

    fn command(&self, action: Action, mode: Mode) -> Result<Command, Problem> {
        let caller = self.identity()?.caller.clone();
        let if_match = self.precondition()?.version();
        Ok(Command { caller, idempotency: None, if_match, mode, action })
    }

    /// Whether the client sent an `Idempotency-Key`.
    pub(crate) fn has_key(&self) -> bool {
        self.parts.headers.contains_key(IDEMPOTENCY_KEY)
    }
}

/// A body that may only be `{}`.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

//! What does an endpoint get? One call: who asks, what the path, query, headers and body say, and the way to the writer.
//!
//! Every endpoint takes exactly this, so rights, strictness and idempotency work the same everywhere.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use bytes::Bytes;
use earmark_core::payments::contains_card_number;
use earmark_core::text::Sku;
use earmark_core::{Action, Answer, Command, Mode};
use serde::de::DeserializeOwned;

use crate::auth::{self, Caller, Role};
use crate::body;
use crate::card_numbers::{self, NO_CARD_NUMBER};
use crate::checks::FieldError;
use crate::idempotency::{self, Keyed};
use crate::if_match::{self, Precondition};
use crate::problem::Problem;
use crate::state::AppState;

/// A request, authenticated; its body is read when asked for.
pub(crate) struct Call {
    pub(crate) app: AppState,
    caller: Option<Caller>,
    parts: Parts,
    params: RawPathParams,
    /// Never locked: the mutex only lets a call be shared between threads, which a body alone could not.
    unread: Mutex<Body>,
    bytes: Bytes,
}

impl FromRequest<AppState> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, unread) = request.into_parts();
        let params =
            RawPathParams::from_request_parts(&mut parts, app).await.map_err(|_| Problem::not_found())?;
        let caller = auth::authenticate(app, &parts.headers).await?;
        Ok(Self { app: app.clone(), caller, parts, params, unread: Mutex::new(unread), bytes: Bytes::new() })
    }
}

impl Call {
    /// Whoever calls, with any valid token.
    pub(crate) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller
            .as_ref()
            .ok_or_else(|| Problem::unauthorized("Send a header `Authorization: Bearer <token>`."))
    }

    /// An admin or service; for customers there is nothing here.
    pub(crate) fn staff(&self) -> Result<&Caller, Problem> {
        let caller = self.caller()?;
        if caller.role == Role::Customer { Err(Problem::not_found()) } else { Ok(caller) }
    }

    /// An admin; for customers there is nothing here.
    pub(crate) fn admin(&self) -> Result<&Caller, Problem> {
        let caller = self.staff()?;
        if caller.role == Role::Admin { Ok(caller) } else { Err(Problem::forbidden()) }
    }

    /// Anyone, unless the catalogue is private.
    pub(crate) fn catalogue_reader(&self) -> Result<(), Problem> {
        if self.app.config.private_catalogue { self.caller().map(|_| ()) } else { Ok(()) }
    }

    /// An id in the path. What cannot be an id names nothing.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.param(name).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// The SKU in the path. What cannot be a SKU names nothing.
    pub(crate) fn sku(&self) -> Result<Sku, Problem> {
        self.param("sku").and_then(|text| Sku::parse(text).ok()).ok_or_else(Problem::not_found)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The query, strictly: unknown and doubled parameters are refused.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let query = Query::<T>::try_from_uri(&self.parts.uri);
        query.map(|Query(query)| query).map_err(|error| {
            let text = error.body_text();
            let detail = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            Problem::invalid_one(FieldError::query("", detail))
        })
    }

    /// Reads the body, whatever it is.
    pub(crate) async fn read_body(&mut self) -> Result<(), Problem> {
        let unread = self.unread.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.bytes = body::read(std::mem::take(unread), self.app.config.body_timeout).await?;
        Ok(())
    }

    /// The body as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        if !body::is_json(&self.parts.headers) {
            return Err(Problem::unsupported_media_type());
        }
        self.read_body().await?;
        body::parse(&self.bytes)
    }

    /// The body as JSON, or the default without one.
    pub(crate) async fn json_or_default<T: DeserializeOwned + Default>(&mut self) -> Result<T, Problem> {
        self.read_body().await?;
        if self.bytes.is_empty() {
            return Ok(T::default());
        }
        if !body::is_json(&self.parts.headers) {
            return Err(Problem::unsupported_media_type());
        }
        body::parse(&self.bytes)
    }

    /// No body, or an empty object.
    pub(crate) async fn no_body(&mut self) -> Result<(), Problem> {
        self.json_or_default::<Nothing>().await.map(|Nothing {}| ())
    }

    /// Refuses a card number, wherever in the path, the query, the key or the body that was read it stands. Every route about payments calls this before it
    /// looks at anything else, so that none is ever stored, shown or looked up.
    pub(crate) fn refuse_card_numbers(&self) -> Result<(), Problem> {
        let place = if self.params.iter().any(|(_, value)| contains_card_number(value)) {
            FieldError::path("", NO_CARD_NUMBER)
        } else if card_numbers::in_query(self.parts.uri.query().unwrap_or_default()) {
            FieldError::query("", NO_CARD_NUMBER)
        } else if card_numbers::in_headers(&self.parts.headers) {
            FieldError::header("Idempotency-Key", NO_CARD_NUMBER)
        } else if card_numbers::in_body(&self.bytes) {
            FieldError::body("", NO_CARD_NUMBER)
        } else {
            return Ok(());
        };
        Err(Problem::invalid_one(place))
    }

    /// Headers, path and the body that was read, for what is signed.
    pub(crate) fn raw(&self) -> (&HeaderMap, &str, &[u8]) {
        (&self.parts.headers, self.parts.uri.path(), &self.bytes)
    }

    /// What `If-Match` asks.
    pub(crate) fn precondition(&self) -> Result<Precondition, Problem> {
        if_match::parse(&self.parts.headers)
    }

    /// Has the command carried out. Call after the body was read: it is a part of the request's fingerprint.
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

    /// Has the command answered as if it were carried out.
    pub(crate) async fn try_out(&self, action: Action) -> Result<Answer, Problem> {
        let command = self.command(action, Mode::DryRun)?;
        Ok(self.app.store.submit(command).await??)
    }

    fn command(&self, action: Action, mode: Mode) -> Result<Command, Problem> {
        let caller = self.caller()?;
        let if_match = self.precondition()?.version();
        let caller = earmark_core::Caller { actor: caller.actor.clone(), access: caller.access.clone() };
        Ok(Command { caller, idempotency: None, if_match, mode, action })
    }

    /// Whether the client sent a key.
    pub(crate) fn has_key(&self) -> bool {
        self.parts.headers.contains_key(idempotency::IDEMPOTENCY_KEY)
    }
}

/// A body that says nothing.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

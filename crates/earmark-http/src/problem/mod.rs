//! How does the API answer when something does not work? With a problem of RFC 9457.
//!
//! The constructors here are the problems that requests run into. `statuses.rs` turns rejections
//! and errors into problems, and no other place knows the status of an error. A problem travels as
//! an extension of its response until `render.rs` writes the body: only there is the request's id
//! known. Invariant: nothing internal is ever shown.

pub(crate) mod codes;
pub(crate) mod render;
mod statuses;

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use earmark_core::text::Name;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::field_error::FieldError;

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    /// Members that only this code has, such as `shortages`.
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let (detail, errors) = (detail.into(), Vec::new());
        Self(Box::new(Details { status, code, detail, errors, extra: Map::new(), headers: Vec::new() }))
    }

    fn with_members(mut self, extra: Value) -> Self {
        if let Value::Object(members) = extra {
            self.0.extra = members;
        }
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// 400: these parts of the request are wrong.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem =
            Self::new(StatusCode::BAD_REQUEST, "invalid_request", "The request is not valid; see `errors`.");
        problem.0.errors = errors;
        problem
    }

    /// 400: this part of the request is wrong.
    pub(crate) fn invalid_one(error: FieldError) -> Self {
        Self::invalid(vec![error])
    }

    /// 400: the query parameter of this name is wrong; an empty name is the whole query.
    pub(crate) fn wrong_query(name: &str, detail: impl Into<String>) -> Self {
        Self::invalid_one(FieldError::query(name, detail))
    }

    /// 400: the command needs an `Idempotency-Key`.
    pub(crate) fn idempotency_key_required() -> Self {
        let detail = "This call would do harm if it were carried out twice: send an Idempotency-Key.";
        Self::new(StatusCode::BAD_REQUEST, "idempotency_key_required", detail)
    }

    /// 401: there is no valid token. `detail` says what to send.
    pub(crate) fn unauthorized(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: the token is valid, but its role is too low.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "This call needs a key of the role admin.")
    }

    /// 404: it does not exist, or not for this caller; the answer does not say which.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing, or it is not yours.")
    }

    /// 402: the gateway did not accept the payment, which is in the answer.
    pub(crate) fn payment_declined(payment: &impl Serialize, decline_code: Option<&Name>) -> Self {
        let detail = "The payment was not accepted; the order can be paid again.";
        Self::new(StatusCode::PAYMENT_REQUIRED, "payment_declined", detail)
            .with_members(json!({ "payment": payment, "decline_code": decline_code }))
    }

    /// 405: the path exists, the method does not. `render.rs` adds `Allow`.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "The path exists, the method does not; see Allow.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time.")
    }

    /// 413: the body has more bytes than `limit`.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        let detail = format!("A body is at most {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// 415: the body is not JSON.
    pub(crate) fn unsupported_media_type() -> Self {
        let detail = "Send the body as application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 412: `If-Match` names another version than this one, which the resource has.
    pub(crate) fn version_mismatch(version: u64) -> Self {
        let detail = "The resource has another version by now.";
        Self::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", detail)
            .with_members(json!({ "version": version }))
    }

    /// 503: too many requests at once; nothing was done.
    pub(crate) fn overloaded() -> Self {
        let detail = "Too many requests at once; nothing was done.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).retry_soon()
    }

    /// 503: the database is away; the command may have happened.
    pub(crate) fn unavailable() -> Self {
        let detail = "The request could not be answered now. Send it again under the same Idempotency-Key.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_soon()
    }

    /// 500: a bug on our side.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")
    }

    fn retry_soon(self) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }
}

impl IntoResponse for Problem {
    /// A response without a body; `render.rs` writes it.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        response.extensions_mut().insert(self);
        response
    }
}

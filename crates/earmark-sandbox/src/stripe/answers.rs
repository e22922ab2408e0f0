//! What all routes of the Stripe part share: the check of the key, and answers that are no objects.

use axum::Json;
use axum::response::{IntoResponse, Response};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::connections;
use crate::requests::SpoiltAnswer;

/// An error in the form of Stripe's.
pub(super) fn error(status: StatusCode, error: &Value) -> Response {
    (status, Json(json!({"error": error}))).into_response()
}

/// Whether the request has a test key and names a version of the API. Live keys are not accepted,
/// so that none is sent here by mistake without being noticed.
pub(super) fn has_test_key(headers: &HeaderMap) -> bool {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    key.starts_with("Bearer sk_test_") && headers.contains_key("stripe-version")
}

pub(super) fn unauthorized() -> Response {
    let message = "a key sk_test_… and a version";
    error(StatusCode::UNAUTHORIZED, &json!({"type": "invalid_request_error", "message": message}))
}

/// The answer that a fault has spoilt.
pub(super) async fn spoilt(answer: SpoiltAnswer) -> Response {
    match answer {
        SpoiltAnswer::Error => error(StatusCode::INTERNAL_SERVER_ERROR, &json!({"type": "api_error"})),
        SpoiltAnswer::Garbage => (StatusCode::OK, r#"{"id":"pi_1","object":"payme"#).into_response(),
        SpoiltAnswer::Reset => connections::reset(),
        SpoiltAnswer::Silence => connections::silence().await,
    }
}

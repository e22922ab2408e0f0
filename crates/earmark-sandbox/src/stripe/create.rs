//! `POST /stripe/v1/payment_intents` and `POST /stripe/v1/refunds`: what moves money.
//!
//! As at Stripe, the first answer under an idempotency key is given again, and so is a 500 if
//! something was done under the key. A key with other parameters is an error. A token that does not
//! exist fails validation and leaves nothing behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use serde_json::json;

use super::answers::{error, has_test_key, spoilt, unauthorized};
use super::objects;
use crate::clock::now_ms;
use crate::faults::Operation;
use crate::ledger::{Kind, Status};
use crate::requests::{
    ChargeReference, ChargeRequest, Outcome, Protocol, RefundRequest, RequestContext, SpoiltAnswer,
};
use crate::sandbox::Sandbox;
use crate::{effects, form, tokens};

const BODY_BYTES_MAX: usize = 64 * 1024;
/// Numbers the requests without an idempotency key.
static UNKEYED: AtomicU64 = AtomicU64::new(0);

struct Form {
    /// The idempotency key; a new one if the request has none.
    key: String,
    fields: HashMap<String, String>,
}

impl Form {
    async fn read(request: Request) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        if !has_test_key(&parts.headers) {
            return Err(unauthorized());
        }
        let key = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        // Without a key, each request gets one of its own, so that none repeats another.
        let number = || UNKEYED.fetch_add(1, Ordering::Relaxed);
        let key = key.map_or_else(|| format!("none-{}-{}", now_ms(), number()), str::to_owned);
        let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
        Ok(Self { key, fields: form::pairs(&String::from_utf8_lossy(&body)).collect() })
    }

    /// The field's value; empty if it is missing.
    fn field(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }
}

pub(super) async fn create_intent(
    State(sandbox): State<Arc<Sandbox>>,
    request: Request,
) -> Result<Response, Response> {
    let form = Form::read(request).await?;
    if sandbox.has_failed(&form.key) {
        return Err(spoilt(SpoiltAnswer::Error).await);
    }
    let token =
        form.fields.get("payment_method").or_else(|| form.fields.get("payment_method_data[card][token]"));
    let (Some(token), Ok(amount), "true") =
        (token.cloned(), form.field("amount").parse(), &*form.field("confirm"))
    else {
        return Err(parameter_missing());
    };
    let protocol = Protocol::Stripe;
    let id = form.field("metadata[earmark_id]");
    let currency = form.field("currency").to_ascii_uppercase();
    let token_fault = tokens::charge_fault(&token);
    let context = RequestContext { protocol, operation: Operation::Charge, id: id.clone(), token_fault };
    let charge = ChargeRequest { protocol, key: form.key.clone(), id, amount, currency, token };
    let effect = |sandbox: &Sandbox, forced| effects::charge(&mut sandbox.ledger(), charge, forced);
    Ok(match sandbox.run(context, effect).await {
        Ok(Outcome::New(entry) | Outcome::Known(entry)) if entry.status == Status::Done => {
            Json(objects::payment_intent(&entry)).into_response()
        }
        Ok(Outcome::New(entry) | Outcome::Known(entry)) => {
            let mut card_error = objects::card_error(&entry);
            card_error["payment_intent"] = objects::payment_intent(&entry);
            error(StatusCode::PAYMENT_REQUIRED, &card_error)
        }
        Ok(Outcome::InvalidToken) => resource_missing(StatusCode::BAD_REQUEST, "payment_method"),
        Ok(_) => idempotency_error(),
        Err(answer) => {
            note_failed(&sandbox, answer, Kind::Charge, &form.key);
            spoilt(answer).await
        }
    })
}

pub(super) async fn create_refund(
    State(sandbox): State<Arc<Sandbox>>,
    request: Request,
) -> Result<Response, Response> {
    let form = Form::read(request).await?;
    if sandbox.has_failed(&form.key) {
        return Err(spoilt(SpoiltAnswer::Error).await);
    }
    let Ok(amount) = form.field("amount").parse() else { return Err(parameter_missing()) };
    let charge = ChargeReference::Reference(form.field("payment_intent"));
    let token = effects::token_of(&sandbox.ledger(), &charge);
    let token_fault = token.and_then(|token| tokens::refund_fault(&token));
    let protocol = Protocol::Stripe;
    let id = form.field("metadata[earmark_id]");
    let context = RequestContext { protocol, operation: Operation::Refund, id: id.clone(), token_fault };
    let refund = RefundRequest { protocol, key: form.key.clone(), id, charge, amount, currency: None };
    let effect = |sandbox: &Sandbox, forced| effects::refund(&mut sandbox.ledger(), refund, forced);
    Ok(match sandbox.run(context, effect).await {
        Ok(Outcome::New(entry) | Outcome::Known(entry)) => Json(objects::refund(&entry)).into_response(),
        Ok(Outcome::TooMuch) => {
            error(StatusCode::BAD_REQUEST, &json!({"type": "invalid_request_error", "param": "amount"}))
        }
        Ok(Outcome::NoCharge) => resource_missing(StatusCode::NOT_FOUND, "payment_intent"),
        Ok(_) => idempotency_error(),
        Err(answer) => {
            note_failed(&sandbox, answer, Kind::Refund, &form.key);
            spoilt(answer).await
        }
    })
}

fn parameter_missing() -> Response {
    error(StatusCode::BAD_REQUEST, &json!({"type": "invalid_request_error", "code": "parameter_missing"}))
}

fn resource_missing(status: StatusCode, param: &str) -> Response {
    error(status, &json!({"type": "invalid_request_error", "code": "resource_missing", "param": param}))
}

fn idempotency_error() -> Response {
    error(StatusCode::BAD_REQUEST, &json!({"type": "idempotency_error"}))
}

/// Remembers a 500 for its key, if something was done under that key: it is then the stored answer.
fn note_failed(sandbox: &Sandbox, answer: SpoiltAnswer, kind: Kind, key: &str) {
    if answer == SpoiltAnswer::Error && sandbox.ledger().find(kind, key).is_some() {
        sandbox.note_failed(key);
    }
}

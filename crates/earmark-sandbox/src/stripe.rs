//! Enough of Stripe's API for a client of PaymentIntents and Refunds, under `/stripe/v1`.
//!
//! As there: the first answer under a key comes again, a 500 after something has begun too; a key with other parameters is an error; a token that is
//! none fails validation and leaves nothing behind; search lags behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use crate::faults::Operation;
use crate::ledger::{Entry, Kind, Status};
use crate::sandbox::{Asked, Broken, ChargeName, ChargeOrder, Done, Protocol, RefundOrder, Sandbox, now_ms};
use crate::server::{broken, pairs, parameter};
use crate::tokens;

const BODY_BYTES_MAX: usize = 64 * 1024;
/// Counts requests without a key.
static UNKEYED: AtomicU64 = AtomicU64::new(0);

pub(crate) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/stripe/v1/payment_intents", get(list_intents).post(create_intent))
        .route("/stripe/v1/payment_intents/search", get(search_intents))
        .route("/stripe/v1/refunds", get(list_refunds).post(create_refund))
}

fn failure(status: StatusCode, error: &Value) -> Response {
    (status, Json(json!({"error": error}))).into_response()
}

/// Only what cannot be a real key.
fn is_test_key(headers: &HeaderMap) -> bool {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    key.starts_with("Bearer sk_test_") && headers.contains_key("stripe-version")
}

fn unauthorized() -> Response {
    failure(
        StatusCode::UNAUTHORIZED,
        &json!({"type": "invalid_request_error", "message": "a key sk_test_… and a version"}),
    )
}

async fn answer_broken(error: Broken) -> Response {
    match error {
        Broken::Error => failure(StatusCode::INTERNAL_SERVER_ERROR, &json!({"type": "api_error"})),
        Broken::Garbage => (StatusCode::OK, r#"{"id":"pi_1","object":"payme"#).into_response(),
        Broken::Reset | Broken::Silence => broken(error).await,
    }
}

/// A request with a form: its key, and its fields.
async fn form(request: Request) -> Result<(String, HashMap<String, String>), Response> {
    let (parts, body) = request.into_parts();
    if !is_test_key(&parts.headers) {
        return Err(unauthorized());
    }
    let key = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    // Without a key each request stands for itself.
    let number = || UNKEYED.fetch_add(1, Ordering::Relaxed);
    let key = key.map_or_else(|| format!("none-{}-{}", now_ms(), number()), str::to_owned);
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    Ok((key, pairs(&String::from_utf8_lossy(&body)).collect()))
}

fn field(fields: &HashMap<String, String>, name: &str) -> String {
    fields.get(name).cloned().unwrap_or_default()
}

async fn create_intent(State(sandbox): State<Arc<Sandbox>>, request: Request) -> Response {
    let (key, fields) = match form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if sandbox.has_failed(&key) {
        return answer_broken(Broken::Error).await;
    }
    let token = fields.get("payment_method").or_else(|| fields.get("payment_method_data[card][token]"));
    let (Some(token), Ok(amount), "true") =
        (token.cloned(), field(&fields, "amount").parse(), &*field(&fields, "confirm"))
    else {
        let error = json!({"type": "invalid_request_error", "code": "parameter_missing"});
        return failure(StatusCode::BAD_REQUEST, &error);
    };
    let protocol = Protocol::Stripe;
    let id = field(&fields, "metadata[earmark_id]");
    let currency = field(&fields, "currency").to_ascii_uppercase();
    let by_token = tokens::of_charge(&token);
    let asked = Asked { protocol, operation: Operation::Charge, id: id.clone(), by_token };
    let order = ChargeOrder { protocol, key: key.clone(), id, amount, currency, token };
    let effect_key = key.clone();
    let effect = move |sandbox: &Sandbox, forced| sandbox.charge(order, forced);
    match sandbox.run(asked, effect).await {
        Ok(Done::New(entry) | Done::Known(entry)) if entry.status == Status::Done => {
            Json(intent(&entry)).into_response()
        }
        Ok(Done::New(entry) | Done::Known(entry)) => {
            let mut error = card_error(&entry);
            error["payment_intent"] = intent(&entry);
            failure(StatusCode::PAYMENT_REQUIRED, &error)
        }
        Ok(Done::InvalidToken) => {
            let error = json!({"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"});
            failure(StatusCode::BAD_REQUEST, &error)
        }
        Ok(_) => failure(StatusCode::BAD_REQUEST, &json!({"type": "idempotency_error"})),
        Err(error) => {
            note_failed(&sandbox, error, (Kind::Charge, &effect_key));
            answer_broken(error).await
        }
    }
}

async fn create_refund(State(sandbox): State<Arc<Sandbox>>, request: Request) -> Response {
    let (key, fields) = match form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if sandbox.has_failed(&key) {
        return answer_broken(Broken::Error).await;
    }
    let Ok(amount) = field(&fields, "amount").parse() else {
        let error = json!({"type": "invalid_request_error", "code": "parameter_missing"});
        return failure(StatusCode::BAD_REQUEST, &error);
    };
    let charge = ChargeName::Reference(field(&fields, "payment_intent"));
    let by_token = sandbox.token_of(&charge).and_then(|token| tokens::of_refund(&token));
    let protocol = Protocol::Stripe;
    let id = field(&fields, "metadata[earmark_id]");
    let asked = Asked { protocol, operation: Operation::Refund, id: id.clone(), by_token };
    let order = RefundOrder { protocol, key: key.clone(), id, charge, amount, currency: None };
    match sandbox.run(asked, move |sandbox, forced| sandbox.refund(order, forced)).await {
        Ok(Done::New(entry) | Done::Known(entry)) => Json(refund(&entry)).into_response(),
        Ok(Done::TooMuch) => {
            let error = json!({"type": "invalid_request_error", "param": "amount"});
            failure(StatusCode::BAD_REQUEST, &error)
        }
        Ok(Done::NoCharge) => {
            let error = json!({"type": "invalid_request_error", "code": "resource_missing", "param": "payment_intent"});
            failure(StatusCode::NOT_FOUND, &error)
        }
        Ok(_) => failure(StatusCode::BAD_REQUEST, &json!({"type": "idempotency_error"})),
        Err(error) => {
            note_failed(&sandbox, error, (Kind::Refund, &key));
            answer_broken(error).await
        }
    }
}

/// A 500 comes again under its key once something was done under it.
fn note_failed(sandbox: &Sandbox, error: Broken, (kind, key): (Kind, &str)) {
    if error == Broken::Error && sandbox.ledger().find(kind, key).is_some() {
        sandbox.note_failed(key);
    }
}

/// A list of what a look-up finds, in the form of Stripe's lists.
async fn found(
    sandbox: &Arc<Sandbox>,
    headers: &HeaderMap,
    find: impl FnOnce(&Sandbox) -> Vec<Entry> + Send + 'static,
) -> Result<Vec<Entry>, Response> {
    if !is_test_key(headers) {
        return Err(unauthorized());
    }
    let asked =
        Asked { protocol: Protocol::Stripe, operation: Operation::LookUp, id: String::new(), by_token: None };
    match sandbox.run(asked, move |sandbox, _| Done::List(find(sandbox))).await {
        Ok(Done::List(entries)) => Ok(entries),
        Ok(_) => Err(answer_broken(Broken::Error).await),
        Err(error) => Err(answer_broken(error).await),
    }
}

async fn search_intents(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, uri: Uri) -> Response {
    let query = parameter(uri.query().unwrap_or_default(), "query").unwrap_or_default();
    // `metadata['earmark_id']:'pay_…'`
    let id = query.rsplit('\'').nth(1).unwrap_or_default().to_owned();
    let lag_ms = i64::try_from(sandbox.options.search_lag.as_millis()).unwrap_or(i64::MAX);
    let find = move |sandbox: &Sandbox| {
        let visible = now_ms().saturating_sub(lag_ms);
        let ledger = sandbox.ledger();
        ledger.of_id(Kind::Charge, &id).filter(|entry| entry.at_ms <= visible).cloned().collect()
    };
    match found(&sandbox, &headers, find).await {
        Ok(entries) => {
            let data: Vec<_> = entries.iter().map(intent).collect();
            Json(json!({"object": "search_result", "data": data, "has_more": false})).into_response()
        }
        Err(response) => response,
    }
}

async fn list_intents(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, uri: Uri) -> Response {
    list(&sandbox, (&headers, &uri), Kind::Charge).await
}

async fn list_refunds(State(sandbox): State<Arc<Sandbox>>, headers: HeaderMap, uri: Uri) -> Response {
    list(&sandbox, (&headers, &uri), Kind::Refund).await
}

/// Newest first, as Stripe lists.
async fn list(sandbox: &Arc<Sandbox>, (headers, uri): (&HeaderMap, &Uri), kind: Kind) -> Response {
    let query = uri.query().unwrap_or_default().to_owned();
    let number = |name| parameter(&query, name).and_then(|text| text.parse::<i64>().ok());
    let from_ms = number("created[gte]").unwrap_or(0).saturating_mul(1_000);
    let to_ms = number("created[lt]").unwrap_or(i64::MAX).saturating_mul(1_000);
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10).clamp(1, 100);
    let (charge, after) = (parameter(&query, "payment_intent"), parameter(&query, "starting_after"));
    let find = move |sandbox: &Sandbox| {
        let ledger = sandbox.ledger();
        let wanted = |entry: &&Entry| {
            entry.kind == kind
                && (from_ms..to_ms).contains(&entry.at_ms)
                && charge.as_ref().is_none_or(|charge| entry.charge_reference.as_ref() == Some(charge))
        };
        ledger.entries().iter().rev().filter(wanted).cloned().collect()
    };
    let entries = match found(sandbox, headers, find).await {
        Ok(entries) => entries,
        Err(response) => return response,
    };
    let start = after.and_then(|after| entries.iter().position(|entry| entry.reference == after));
    let rest = &entries[start.map_or(0, |place| place + 1)..];
    let show = if kind == Kind::Charge { intent } else { refund };
    let data: Vec<_> = rest.iter().take(limit).map(show).collect();
    Json(json!({"object": "list", "data": data, "has_more": rest.len() > limit})).into_response()
}

fn card_error(entry: &Entry) -> Value {
    json!({"type": "card_error", "code": "card_declined", "decline_code": entry.decline_code})
}

/// A charge as a PaymentIntent.
pub(crate) fn intent(entry: &Entry) -> Value {
    let done = entry.status == Status::Done;
    json!({
        "id": entry.reference,
        "object": "payment_intent",
        "amount": entry.amount,
        "amount_received": if done { entry.amount } else { 0 },
        "currency": entry.currency.to_ascii_lowercase(),
        "status": if done { "succeeded" } else { "requires_payment_method" },
        "metadata": {"earmark_id": entry.id},
        "last_payment_error": if done { Value::Null } else { card_error(entry) },
        "created": entry.at_ms.div_euclid(1_000),
        "livemode": false,
    })
}

/// A refund as a Refund.
pub(crate) fn refund(entry: &Entry) -> Value {
    json!({
        "id": entry.reference,
        "object": "refund",
        "amount": entry.amount,
        "currency": entry.currency.to_ascii_lowercase(),
        "payment_intent": entry.charge_reference,
        "status": if entry.status == Status::Done { "succeeded" } else { "failed" },
        "failure_reason": entry.decline_code,
        "metadata": {"earmark_id": entry.id},
        "created": entry.at_ms.div_euclid(1_000),
    })
}

//! The signed protocol of `docs/gateway-protocol.md`, written from that page alone.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Operation;
use crate::hex;
use crate::ledger::{Entry, Kind, Ledger, Status};
use crate::sandbox::{Asked, Broken, ChargeName, ChargeOrder, Done, Protocol, RefundOrder, Sandbox, now_ms};
use crate::server::{self, broken};
use crate::tokens;

/// How far a request's time may be off, in seconds.
const SKEW_SECONDS: i64 = 300;
const BODY_BYTES_MAX: usize = 64 * 1024;
const ENTRIES_PER_PAGE: usize = 100;

pub(crate) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/charges/{id}", any(answer))
        .route("/refunds/{id}", any(answer))
        .route("/entries", get(answer))
}

/// `v1=…` of a request; the head is timestamp, nonce, method and path.
pub(crate) fn request_signature(secret: &str, head: [&str; 4], body: &[u8]) -> String {
    let [timestamp, nonce, method, path] = head;
    let head = format!("earmark-request-v1\n{timestamp}\n{nonce}\n{method}\n{path}\n");
    format!("v1={}", hex::hmac(secret, &[head.as_bytes(), body]))
}

/// Answers any request of the protocol; whatever the answer, it is signed.
async fn answer(State(sandbox): State<Arc<Sandbox>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Some(secret) = sandbox.options.secret.clone() else {
        return (StatusCode::UNAUTHORIZED, "the sandbox was started without a secret").into_response();
    };
    let signature = header(&parts.headers, "earmark-signature").to_owned();
    let (status, body) = if is_signed(&secret, &parts, &body) {
        match act(&sandbox, &parts, &body).await {
            Ok((status, value)) => (status, value.to_string()),
            Err(Broken::Error) => (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"internal"}"#.to_owned()),
            Err(Broken::Garbage) => (StatusCode::OK, r#"{"id":"pay_01","status":"captur"#.to_owned()),
            Err(none @ (Broken::Reset | Broken::Silence)) => return broken(none).await,
        }
    } else {
        (StatusCode::UNAUTHORIZED, r#"{"error":"signature"}"#.to_owned())
    };
    let head = format!("earmark-answer-v1\n{signature}\n{}\n", status.as_u16());
    let answer = format!("v1={}", hex::hmac(&secret, &[head.as_bytes(), body.as_bytes()]));
    (status, [("earmark-signature", answer), ("content-type", "application/json".into())], Body::from(body))
        .into_response()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_signed(secret: &str, parts: &Parts, body: &[u8]) -> bool {
    let timestamp = header(&parts.headers, "earmark-timestamp");
    let seconds: i64 = timestamp.parse().unwrap_or(0);
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let head = [timestamp, header(&parts.headers, "earmark-nonce"), parts.method.as_str(), path];
    let right = request_signature(secret, head, body);
    hex::same(&right, header(&parts.headers, "earmark-signature"))
        && (seconds - now_ms().div_euclid(1_000)).abs() <= SKEW_SECONDS
}

#[derive(Deserialize)]
struct ChargeBody {
    amount: i64,
    currency: String,
    token: String,
    capture: bool,
}

#[derive(Deserialize)]
struct RefundBody {
    charge_id: String,
    amount: i64,
    currency: String,
}

type Answer = Result<(StatusCode, Value), Broken>;

fn refused(status: StatusCode, error: &str) -> Answer {
    Ok((status, json!({"error": error})))
}

async fn act(sandbox: &Arc<Sandbox>, parts: &Parts, body: &Bytes) -> Answer {
    let path = parts.uri.path();
    if path == "/entries" {
        return list(sandbox, parts.uri.query().unwrap_or_default()).await;
    }
    let Some((kind, id)) = path[1..].split_once('/') else {
        return refused(StatusCode::NOT_FOUND, "no_route");
    };
    let id = id.to_owned();
    match (&parts.method, kind) {
        (&Method::PUT, "charges") => charge(sandbox, id, body).await,
        (&Method::PUT, _) => refund(sandbox, id, body).await,
        (&Method::GET, "charges") => look_up(sandbox, Kind::Charge, id).await,
        (&Method::GET, _) => look_up(sandbox, Kind::Refund, id).await,
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "method"),
    }
}

async fn charge(sandbox: &Arc<Sandbox>, id: String, body: &Bytes) -> Answer {
    let Ok(ChargeBody { amount, currency, token, capture: true }) = serde_json::from_slice(body) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "body");
    };
    let by_token = tokens::of_charge(&token);
    let protocol = Protocol::Signed;
    let asked = Asked { protocol, operation: Operation::Charge, id: id.clone(), by_token };
    let order = ChargeOrder { protocol, key: id.clone(), id, amount, currency, token };
    shown(sandbox.run(asked, |sandbox, forced| sandbox.charge(order, forced)).await)
}

async fn refund(sandbox: &Arc<Sandbox>, id: String, body: &Bytes) -> Answer {
    let Ok(RefundBody { charge_id, amount, currency }) = serde_json::from_slice(body) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "body");
    };
    let charge = ChargeName::Id(charge_id);
    let by_token = sandbox.token_of(&charge).and_then(|token| tokens::of_refund(&token));
    let protocol = Protocol::Signed;
    let asked = Asked { protocol, operation: Operation::Refund, id: id.clone(), by_token };
    let order = RefundOrder { protocol, key: id.clone(), id, charge, amount, currency: Some(currency) };
    shown(sandbox.run(asked, |sandbox, forced| sandbox.refund(order, forced)).await)
}

async fn look_up(sandbox: &Arc<Sandbox>, kind: Kind, id: String) -> Answer {
    let protocol = Protocol::Signed;
    let asked = Asked { protocol, operation: Operation::LookUp, id: id.clone(), by_token: None };
    let find = move |sandbox: &Sandbox, _| {
        let ledger = sandbox.ledger();
        ledger.find(kind, &id).map_or(Done::NotFound, |entry| Done::Known(entry.clone()))
    };
    shown(sandbox.run(asked, find).await)
}

fn shown(done: Result<Done, Broken>) -> Answer {
    match done? {
        Done::New(entry) | Done::Known(entry) => Ok((StatusCode::OK, show(&entry))),
        Done::NotFound => refused(StatusCode::NOT_FOUND, "not_found"),
        Done::Conflict => refused(StatusCode::CONFLICT, "known_with_other_parameters"),
        Done::NoCharge => refused(StatusCode::UNPROCESSABLE_ENTITY, "no_such_charge"),
        Done::List(_) | Done::TooMuch | Done::InvalidToken => {
            refused(StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}

fn show(entry: &Entry) -> Value {
    let (kind, done) = match entry.kind {
        Kind::Charge => ("charge", "captured"),
        Kind::Refund => ("refund", "succeeded"),
    };
    let status = if entry.status == Status::Done { done } else { "declined" };
    json!({
        "kind": kind,
        "id": entry.id,
        "status": status,
        "amount": entry.amount,
        "currency": entry.currency,
        "reference": entry.reference,
        "decline_code": entry.decline_code,
        "created_at_ms": entry.at_ms,
    })
}

async fn list(sandbox: &Arc<Sandbox>, query: &str) -> Answer {
    let asked =
        Asked { protocol: Protocol::Signed, operation: Operation::List, id: String::new(), by_token: None };
    let number = |name| server::parameter(query, name).and_then(|text| text.parse::<i64>().ok());
    let (Some(from), Some(to)) = (number("from_ms"), number("to_ms")) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "from_ms and to_ms");
    };
    let after = number("cursor").and_then(|place| usize::try_from(place).ok()).unwrap_or(0);
    let find = move |sandbox: &Sandbox, _| Done::List(within(&sandbox.ledger(), from..to));
    let Done::List(entries) = sandbox.run(asked, find).await? else { return Err(Broken::Error) };
    let page: Vec<_> = entries.iter().skip(after).take(ENTRIES_PER_PAGE).map(show).collect();
    let end = after + page.len();
    let next = (end < entries.len()).then(|| end.to_string());
    Ok((StatusCode::OK, json!({"data": page, "next_cursor": next})))
}

fn within(ledger: &Ledger, stretch: std::ops::Range<i64>) -> Vec<Entry> {
    ledger.entries().iter().filter(|entry| stretch.contains(&entry.at_ms)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_document_says() {
        let document = include_str!("../../../docs/gateway-protocol.md");
        let head = ["1790000000", "00112233445566778899aabbccddeeff", "PUT", "/earmark/charges/pay_01jd3"];
        let body = br#"{"amount":1999,"currency":"USD","token":"tok_ok","capture":true}"#;
        let signature = request_signature("a-secret-of-the-protocol-document-0001", head, body);
        assert!(document.contains(&signature), "{signature}");
    }
}

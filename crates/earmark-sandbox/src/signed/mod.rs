//! The signed protocol of `docs/gateway-protocol.md`, written from that page alone.

pub(crate) mod signature;

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

use crate::clock::now_ms;
use crate::faults::Operation;
use crate::ledger::{Entry, Kind, Status};
use crate::requests::{
    ChargeReference, ChargeRequest, Outcome, Protocol, RefundRequest, RequestContext, SpoiltAnswer,
};
use crate::sandbox::Sandbox;
use crate::{connections, effects, form, tokens};
use signature::RequestHead;

/// How far a request's timestamp may be off in either direction, in seconds.
const SKEW_SECONDS: i64 = 300;
const BODY_BYTES_MAX: usize = 64 * 1024;
const ENTRIES_PER_PAGE: usize = 100;

pub(crate) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/charges/{id}", any(answer))
        .route("/refunds/{id}", any(answer))
        .route("/entries", get(answer))
}

/// Answers any request of the protocol. Every answer is signed, refusals too.
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
        match handle(&sandbox, &parts, &body).await {
            Ok((status, value)) => (status, value.to_string()),
            Err(SpoiltAnswer::Error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"internal"}"#.to_owned())
            }
            Err(SpoiltAnswer::Garbage) => (StatusCode::OK, r#"{"id":"pay_01","status":"captur"#.to_owned()),
            Err(SpoiltAnswer::Reset) => return connections::reset(),
            Err(SpoiltAnswer::Silence) => return connections::silence().await,
        }
    } else {
        (StatusCode::UNAUTHORIZED, r#"{"error":"signature"}"#.to_owned())
    };
    let signature = signature::of_answer(&secret, &signature, status.as_u16(), body.as_bytes());
    (
        status,
        [("earmark-signature", signature), ("content-type", "application/json".into())],
        Body::from(body),
    )
        .into_response()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_signed(secret: &str, parts: &Parts, body: &[u8]) -> bool {
    let timestamp = header(&parts.headers, "earmark-timestamp");
    let seconds: i64 = timestamp.parse().unwrap_or(0);
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let nonce = header(&parts.headers, "earmark-nonce");
    let head = RequestHead { timestamp, nonce, method: parts.method.as_str(), path };
    let expected = signature::of_request(secret, head, body);
    crate::signature::equal(&expected, header(&parts.headers, "earmark-signature"))
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

type Answer = Result<(StatusCode, Value), SpoiltAnswer>;

fn refused(status: StatusCode, error: &str) -> Answer {
    Ok((status, json!({"error": error})))
}

async fn handle(sandbox: &Arc<Sandbox>, parts: &Parts, body: &Bytes) -> Answer {
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
    let protocol = Protocol::Signed;
    let token_fault = tokens::charge_fault(&token);
    let context = RequestContext { protocol, operation: Operation::Charge, id: id.clone(), token_fault };
    let request = ChargeRequest { protocol, key: id.clone(), id, amount, currency, token };
    let effect = |sandbox: &Sandbox, forced| effects::charge(&mut sandbox.ledger(), request, forced);
    outcome_answer(sandbox.run(context, effect).await)
}

async fn refund(sandbox: &Arc<Sandbox>, id: String, body: &Bytes) -> Answer {
    let Ok(RefundBody { charge_id, amount, currency }) = serde_json::from_slice(body) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "body");
    };
    let charge = ChargeReference::Id(charge_id);
    let token = effects::token_of(&sandbox.ledger(), &charge);
    let token_fault = token.and_then(|token| tokens::refund_fault(&token));
    let protocol = Protocol::Signed;
    let context = RequestContext { protocol, operation: Operation::Refund, id: id.clone(), token_fault };
    let currency = Some(currency);
    let request = RefundRequest { protocol, key: id.clone(), id, charge, amount, currency };
    let effect = |sandbox: &Sandbox, forced| effects::refund(&mut sandbox.ledger(), request, forced);
    outcome_answer(sandbox.run(context, effect).await)
}

async fn look_up(sandbox: &Arc<Sandbox>, kind: Kind, id: String) -> Answer {
    let protocol = Protocol::Signed;
    let context =
        RequestContext { protocol, operation: Operation::LookUp, id: id.clone(), token_fault: None };
    let find = move |sandbox: &Sandbox, _| {
        let ledger = sandbox.ledger();
        ledger.find(kind, &id).map_or(Outcome::NotFound, |entry| Outcome::Known(entry.clone()))
    };
    outcome_answer(sandbox.run(context, find).await)
}

fn outcome_answer(outcome: Result<Outcome, SpoiltAnswer>) -> Answer {
    match outcome? {
        Outcome::New(entry) | Outcome::Known(entry) => Ok((StatusCode::OK, object(&entry))),
        Outcome::NotFound => refused(StatusCode::NOT_FOUND, "not_found"),
        Outcome::Conflict => refused(StatusCode::CONFLICT, "known_with_other_parameters"),
        Outcome::NoCharge => refused(StatusCode::UNPROCESSABLE_ENTITY, "no_such_charge"),
        Outcome::List(_) | Outcome::TooMuch | Outcome::InvalidToken => {
            refused(StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}

/// A charge or refund in the words of the protocol.
fn object(entry: &Entry) -> Value {
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
    let context = RequestContext {
        protocol: Protocol::Signed,
        operation: Operation::List,
        id: String::new(),
        token_fault: None,
    };
    let number = |name| form::parameter(query, name).and_then(|text| text.parse::<i64>().ok());
    let (Some(from_ms), Some(to_ms)) = (number("from_ms"), number("to_ms")) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "from_ms and to_ms");
    };
    let start = number("cursor").and_then(|place| usize::try_from(place).ok()).unwrap_or(0);
    let find = move |sandbox: &Sandbox, _| {
        let ledger = sandbox.ledger();
        let within = |entry: &&Entry| (from_ms..to_ms).contains(&entry.at_ms);
        Outcome::List(ledger.entries().iter().filter(within).cloned().collect())
    };
    let Outcome::List(entries) = sandbox.run(context, find).await? else { return Err(SpoiltAnswer::Error) };
    let page: Vec<_> = entries.iter().skip(start).take(ENTRIES_PER_PAGE).map(object).collect();
    let end = start + page.len();
    let next = (end < entries.len()).then(|| end.to_string());
    Ok((StatusCode::OK, json!({"data": page, "next_cursor": next})))
}

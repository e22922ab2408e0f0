//! Stripe's search and lists. The search lags behind by [`Options::search_lag`](crate::Options), as
//! Stripe's does; lists are up to date and have the newest object first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use hyper::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::answers::{has_test_key, spoilt, unauthorized};
use super::objects;
use crate::clock::now_ms;
use crate::faults::Operation;
use crate::form::parameter;
use crate::ledger::{Entry, Kind};
use crate::requests::{Outcome, Protocol, RequestContext, SpoiltAnswer};
use crate::sandbox::Sandbox;

pub(super) async fn search_intents(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Value>, Response> {
    let query = parameter(uri.query().unwrap_or_default(), "query").unwrap_or_default();
    // The one query that is understood: `metadata['earmark_id']:'pay_…'`.
    let id = query.rsplit('\'').nth(1).unwrap_or_default().to_owned();
    let lag_ms = i64::try_from(sandbox.options.search_lag.as_millis()).unwrap_or(i64::MAX);
    let find = move |sandbox: &Sandbox| {
        let visible_until_ms = now_ms().saturating_sub(lag_ms);
        let ledger = sandbox.ledger();
        ledger.of_id(Kind::Charge, &id).filter(|entry| entry.at_ms <= visible_until_ms).cloned().collect()
    };
    let entries = look_up(&sandbox, &headers, find).await?;
    let data: Vec<_> = entries.iter().map(objects::payment_intent).collect();
    Ok(Json(json!({"object": "search_result", "data": data, "has_more": false})))
}

pub(super) async fn list_intents(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Value>, Response> {
    list(&sandbox, &headers, &uri, Kind::Charge).await
}

pub(super) async fn list_refunds(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Json<Value>, Response> {
    list(&sandbox, &headers, &uri, Kind::Refund).await
}

async fn list(
    sandbox: &Arc<Sandbox>,
    headers: &HeaderMap,
    uri: &Uri,
    kind: Kind,
) -> Result<Json<Value>, Response> {
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
    let entries = look_up(sandbox, headers, find).await?;
    let start = after.and_then(|after| entries.iter().position(|entry| entry.reference == after));
    let rest = &entries[start.map_or(0, |place| place + 1)..];
    let object = if kind == Kind::Charge { objects::payment_intent } else { objects::refund };
    let data: Vec<_> = rest.iter().take(limit).map(object).collect();
    Ok(Json(json!({"object": "list", "data": data, "has_more": rest.len() > limit})))
}

/// The entries that `find` gives, unless a fault spoils the answer.
async fn look_up(
    sandbox: &Arc<Sandbox>,
    headers: &HeaderMap,
    find: impl FnOnce(&Sandbox) -> Vec<Entry> + Send + 'static,
) -> Result<Vec<Entry>, Response> {
    if !has_test_key(headers) {
        return Err(unauthorized());
    }
    let context = RequestContext {
        protocol: Protocol::Stripe,
        operation: Operation::LookUp,
        id: String::new(),
        token_fault: None,
    };
    match sandbox.run(context, move |sandbox, _| Outcome::List(find(sandbox))).await {
        Ok(Outcome::List(entries)) => Ok(entries),
        Ok(_) => Err(spoilt(SpoiltAnswer::Error).await),
        Err(answer) => Err(spoilt(answer).await),
    }
}

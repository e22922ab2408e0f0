//! The routes for people and proofs: the whole ledger, counts of requests and of faults, and the
//! faults that come next. They need no credentials, since the sandbox is for trying.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::{Fault, InvalidFault};
use crate::sandbox::Sandbox;

pub(crate) fn routes() -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/ledger", get(ledger))
        .route("/stats", get(stats))
        .route("/faults", get(faults).put(set_faults))
}

async fn ledger(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!({"entries": sandbox.ledger().entries()}))
}

async fn stats(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!(sandbox.counts()))
}

async fn faults(State(sandbox): State<Arc<Sandbox>>) -> Json<Value> {
    Json(json!(sandbox.fault_counts()))
}

/// `{"rate": "0.3"}` sets how often faults happen by chance from now on. `{"script":
/// ["reset_after", "none"]}` adds faults for the next charges and refunds, one each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultsBody {
    #[serde(default)]
    rate: Option<String>,
    #[serde(default)]
    script: Vec<String>,
}

async fn set_faults(State(sandbox): State<Arc<Sandbox>>, Json(body): Json<FaultsBody>) -> Response {
    match change(&sandbox, &body) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

fn change(sandbox: &Sandbox, body: &FaultsBody) -> Result<(), InvalidFault> {
    let fault = |name: &String| if name == "none" { Ok(None) } else { name.parse::<Fault>().map(Some) };
    let script = body.script.iter().map(fault).collect::<Result<Vec<_>, _>>()?;
    let rate = body.rate.as_deref().map(str::parse).transpose()?;
    let mut faults = sandbox.faults();
    faults.script(script);
    if let Some(rate) = rate {
        faults.set_rate(rate);
    }
    Ok(())
}

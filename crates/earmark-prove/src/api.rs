//! Does hostile input get through? Schemathesis derives thousands of requests from the server's own `OpenAPI` document:
//! valid ones, broken ones, missing and doubled parts, and holds each answer against the document.
//!
//! Invariant: fewer cases than promised is a failure, however clean they were.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::client::{Api, Call};
use crate::server::{ADMIN_KEY, Server};
use crate::{process, workspace};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const CASES_MIN: u64 = 5_000;
/// Of each operation in the fuzzing phase; the coverage phase adds its own.
const CASES_PER_OPERATION: &str = "300";
const TIME_MAX: Duration = Duration::from_secs(240);
/// The run is the same each time; the seed is any number.
const SEED: &str = "20260101";

const CHECKS: [&str; 7] = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
];

/// Runs the proof against the release binary.
pub(crate) fn prove() -> Result<()> {
    let schemathesis = install()?;
    let server = Server::start(&[])?;
    let config_file = tempfile::NamedTempFile::with_suffix(".toml")?;
    fs::write(&config_file, config(&stock(&server)?))?;
    let report = workspace::target_dir().join("schemathesis.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let status = process::run_within(
        Command::new(schemathesis)
            .current_dir(workspace::target_dir())
            .arg("--config-file")
            .arg(config_file.path())
            .args(arguments(&server.url))
            .arg("--report-json-path")
            .arg(&report),
        TIME_MAX,
    )?;
    let report = fs::read_to_string(&report).context("schemathesis left no report")?;
    let cases = judge(&serde_json::from_str(&report)?)?;
    ensure!(status.success(), "schemathesis ended with {status}");
    println!("{cases} cases, no server error, no answer against the OpenAPI document");
    server.stop()
}

fn arguments(url: &str) -> Vec<String> {
    let authorization = format!("Authorization: Bearer {ADMIN_KEY}");
    let checks = CHECKS.join(",");
    let document = format!("{url}/openapi.json");
    [
        &["run", &document, "--header", &authorization, "--checks", &checks][..],
        &["--phases", "examples,coverage,fuzzing", "--max-examples", CASES_PER_OPERATION, "--seed", SEED],
        &["--generation-database", "none", "--no-shrink", "--continue-on-failure"],
        // One worker: with two, the generator of cases trips over its own caches.
        &["--workers", "1", "--request-timeout", "15", "--no-color", "--report", "json"],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

/// The number of cases; an error when they were too few, or when any failed.
fn judge(report: &Value) -> Result<u64> {
    let number =
        |name: &str| report["test_cases"][name].as_u64().with_context(|| format!("no {name} in the report"));
    let (cases, failing, errored) = (number("generated")?, number("with_failures")?, number("errored")?);
    let problems = [report["failures"].to_string(), report["errors"].to_string()].join("\n");
    ensure!(failing == 0 && errored == 0, "{cases} cases, {failing} failed, {errored} broke:\n{problems}");
    ensure!(report["complete"] == true, "schemathesis did not finish: {}", report["stop_reason"]);
    ensure!(cases >= CASES_MIN, "only {cases} cases ran, at least {CASES_MIN} are promised");
    Ok(cases)
}

/// A few items, a cart, a paid and shipped order: something to meet. Returns the words by which they are named.
fn stock(server: &Server) -> Result<Vec<String>> {
    let api = Api::new(&server.url, ADMIN_KEY, 1);
    let mut words = ["tok_ok", "tok_declined", "tok_error"].map(str::to_owned).to_vec();
    for sku in ["0", "A", "sku-1"] {
        let body = Some(json!({ "name": format!("Item {sku}"), "unit_price": 1_999 }));
        let path = format!("/v1/items/{sku}");
        api.call(Call { method: "PUT", path: &path, body, key: None, statuses: &[201] })?;
        let body = json!({ "delta": 1_000, "reason": "received" });
        api.post(&format!("{path}/adjustments"), body, format!("stock-{sku}"))?;
        words.push(sku.to_owned());
    }
    let mut keep = |resource: Value| -> Result<String> {
        let id = resource["id"].as_str().context("a resource without an id")?.to_owned();
        words.push(id.clone());
        Ok(id)
    };
    let cart = keep(api.post("/v1/carts", json!({}), "cart".to_owned())?)?;
    let line = json!({ "sku": "A", "quantity": 2 });
    api.post(&format!("/v1/carts/{cart}/lines"), line.clone(), "line".to_owned())?;
    for key in ["created", "shipped"] {
        let body = json!({ "lines": [line], "confirm": key == "shipped" });
        let order = keep(api.post("/v1/orders", body, key.to_owned())?)?;
        if key == "shipped" {
            let body = json!({ "method": { "token": "tok_ok" } });
            keep(api.post(&format!("/v1/orders/{order}/payments"), body, "pay".to_owned())?)?;
            keep(api.post(&format!("/v1/orders/{order}/shipments"), json!({}), "ship".to_owned())?)?;
        }
    }
    Ok(words)
}

/// Known words in three of ten places where they fit the schema, so that requests reach what is there.
fn config(words: &[String]) -> String {
    let words = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let mut config = format!("[dictionaries.known]\nvalues = [{words}]\n\n");
    config.push_str("[dictionaries.versions]\nvalues = ['\"1\"', '\"2\"', '\"3\"', \"*\"]\n\n[parameters]\n");
    let known = ["path.id", "path.sku", "path.shipment_id", "query.sku"];
    let known_in_bodies = ["body.sku", "body.cart_id", "body.lines[*].sku", "body.method.token"];
    let places = known.iter().chain(&known_in_bodies).map(|place| (*place, "known"));
    for (place, dictionary) in places.chain([("header.If-Match", "versions")]) {
        config.push_str(&format!("\"{place}\" = {{ dictionary = \"{dictionary}\", probability = 0.3 }}\n"));
    }
    config
}

/// Schemathesis in a virtual environment below the target directory.
fn install() -> Result<PathBuf> {
    let venv = workspace::target_dir().join("venv");
    let bin = venv.join("bin");
    let marker = venv.join("installed");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == SCHEMATHESIS) {
        return Ok(bin.join("schemathesis"));
    }
    if !make_venv(&venv) {
        process::install(&["python3", "python3-venv"])?;
        ensure!(make_venv(&venv), "python3 -m venv {} does not work", venv.display());
    }
    let arguments = ["install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS];
    process::run(Command::new(bin.join("pip")).args(arguments))?;
    fs::write(marker, SCHEMATHESIS)?;
    Ok(bin.join("schemathesis"))
}

fn make_venv(venv: &Path) -> bool {
    let arguments: [&OsStr; 4] = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), venv.as_os_str()];
    // Where it fails, the package is installed and it is tried again; only then is it an error.
    Command::new("python3").args(arguments).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(generated: u64, with_failures: u64) -> Value {
        let cases = json!({ "generated": generated, "with_failures": with_failures, "errored": 0 });
        json!({ "test_cases": cases, "complete": true, "failures": [], "errors": [] })
    }

    #[test]
    fn too_few_cases_or_a_failing_one_is_a_failure() {
        assert_eq!(judge(&report(5_000, 0)).unwrap(), 5_000);
        assert!(judge(&report(4_999, 0)).is_err());
        assert!(judge(&report(5_000, 1)).is_err());
        assert!(judge(&json!({})).is_err());
    }
}

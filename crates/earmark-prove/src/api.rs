//! Does hostile input get through? Schemathesis derives thousands of requests from the server's own
//! OpenAPI document: valid ones, broken ones, missing and doubled parts. It compares each answer
//! with the document.
//!
//! Invariant: fewer cases than promised is a failure, even if none of them failed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use earmark_load::{Client, Database, LoadError, Nodes, NodesOptions, Request, Response, requests};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::report::{Outcome, Prove};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const CASES_MIN: u64 = 5_000;
/// Of each operation in the fuzzing phase; the coverage phase adds its own.
const CASES_PER_OPERATION: &str = "300";
const TIME_MAX: Duration = Duration::from_secs(240);
/// What the installation of Schemathesis may take.
const INSTALL_MAX: Duration = Duration::from_secs(600);
/// What the server may take to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(20);
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

#[derive(Debug, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Where Schemathesis is installed and leaves its report.
    #[arg(long, default_value = "target")]
    folder: PathBuf,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Requests that were generated and sent.
    cases: u64,
    with_failures: u64,
    errored: u64,
    /// What Schemathesis says of them, or why there are no figures.
    problems: Vec<String>,
}

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let folder = std::path::absolute(&self.folder).map_err(LoadError::file(&self.folder))?;
        let schemathesis = install(&folder).await?;
        let nodes = Nodes::start_ready(&NodesOptions::new(earmark, Database::File, 1)).await?;
        let config = config(&stock(&nodes.first().client()).await?);
        let config_file = tempfile::NamedTempFile::with_suffix(".toml").map_err(LoadError::file("config"))?;
        std::fs::write(&config_file, config).map_err(LoadError::file(config_file.path()))?;
        let report = folder.join("schemathesis.json");
        remove_file(&report)?;
        let mut command = Command::new(schemathesis);
        command.current_dir(&folder).arg("--config-file").arg(config_file.path());
        command
            .args(arguments(&nodes))
            .arg("--report-json-path")
            .arg(&report)
            .stdout(Stdio::from(std::io::stderr()));
        let status = run(&mut command, TIME_MAX).await?;
        let report = std::fs::read_to_string(&report).map_err(LoadError::file(&report))?;
        let mut figures = Figures::of(&serde_json::from_str(&report).unwrap_or_default());
        if !status.success() {
            figures.problems.push(format!("schemathesis ended with {status}"));
        }
        nodes.stop(STOP_MAX).await?;
        Ok(Outcome { is_right: figures.problems.is_empty(), control_caught: None, figures })
    }
}

fn arguments(nodes: &Nodes) -> Vec<String> {
    let url = format!("http://{}", nodes.first().address());
    let authorization = format!("Authorization: Bearer {}", nodes.first().admin_key());
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

impl Figures {
    /// The figures of a report, with everything that is wrong in it.
    fn of(report: &Value) -> Figures {
        let number = |name: &str| report["test_cases"][name].as_u64();
        let count = |name: &str| number(name).unwrap_or_default();
        let (cases, with_failures, errored) = (count("generated"), count("with_failures"), count("errored"));
        let mut problems = Vec::new();
        if number("generated").and(number("with_failures")).and(number("errored")).is_none() {
            problems.push("the report holds no count of cases".to_owned());
        }
        if with_failures > 0 || errored > 0 {
            problems.extend([report["failures"].to_string(), report["errors"].to_string()]);
        }
        if report["complete"] != true {
            problems.push(format!("schemathesis did not finish: {}", report["stop_reason"]));
        }
        if cases < CASES_MIN {
            problems.push(format!("only {cases} cases ran, at least {CASES_MIN} are promised"));
        }
        Figures { cases, with_failures, errored, problems }
    }
}

/// Makes a few items, a cart, and a paid and shipped order, so that there is something to find.
/// Returns the words by which they are named.
async fn stock(client: &Client) -> Result<Vec<String>, LoadError> {
    let mut words = ["tok_ok", "tok_declined", "tok_error"].map(str::to_owned).to_vec();
    for sku in ["0", "A", "sku-1"] {
        let path = format!("/v1/items/{sku}");
        let item = json!({ "name": format!("Item {sku}"), "unit_price": 1_999 });
        requests::expect(client, &Request::new("PUT", path.as_str()).with_body(&item), 201).await?;
        let received = json!({ "delta": 1_000, "reason": "received" });
        let key = format!("stock-{sku}");
        let request = Request::new("POST", format!("{path}/adjustments")).with_key(key);
        requests::expect(client, &request.with_body(&received), 201).await?;
        words.push(sku.to_owned());
    }
    let cart = post(client, "/v1/carts", "cart", json!({})).await?;
    let line = json!({ "sku": "A", "quantity": 2 });
    let path = format!("/v1/carts/{cart}/lines");
    let add = Request::new("POST", path).with_key("line").with_body(&line);
    requests::expect(client, &add, 200).await?;
    words.push(cart);
    for key in ["created", "shipped"] {
        let body = json!({ "lines": [line], "confirm": key == "shipped" });
        let order = post(client, "/v1/orders", key, body).await?;
        if key == "shipped" {
            let method = json!({ "method": { "token": "tok_ok" } });
            words.push(post(client, &format!("/v1/orders/{order}/payments"), "pay", method).await?);
            words.push(post(client, &format!("/v1/orders/{order}/shipments"), "ship", json!({})).await?);
        }
        words.push(order);
    }
    Ok(words)
}

/// Makes a resource; returns its id.
async fn post(client: &Client, path: &str, key: &str, body: Value) -> Result<String, LoadError> {
    let request = Request::new("POST", path).with_key(key).with_body(&body);
    let made = requests::expect(client, &request, 201).await?;
    let id = |made: &Response| made.json().ok()?["id"].as_str().map(str::to_owned);
    id(&made).ok_or_else(|| LoadError::unexpected(&request, &made))
}

/// Known words in three of ten places where they fit the schema, so that requests reach what is
/// there.
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

/// Installs Schemathesis in a virtual environment below `folder`, if it is not there.
async fn install(folder: &Path) -> Result<PathBuf, LoadError> {
    let venv = folder.join("venv");
    let bin = venv.join("bin");
    let marker = venv.join("installed");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == SCHEMATHESIS) {
        return Ok(bin.join("schemathesis"));
    }
    let made = run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv), INSTALL_MAX).await?;
    let arguments = ["install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS];
    let installed = run(Command::new(bin.join("pip")).args(arguments), INSTALL_MAX).await;
    if !made.success() || !installed?.success() {
        return Err(LoadError::Server(format!("{SCHEMATHESIS} cannot be installed in {}", venv.display())));
    }
    std::fs::write(&marker, SCHEMATHESIS).map_err(LoadError::file(&marker))?;
    Ok(bin.join("schemathesis"))
}

/// Runs a program to its end, and kills it when that takes longer than `limit`.
async fn run(command: &mut Command, limit: Duration) -> Result<ExitStatus, LoadError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command.kill_on_drop(true).spawn().map_err(LoadError::file(&program))?;
    let late = |_| LoadError::Server(format!("`{program}` did not end within {} s", limit.as_secs()));
    tokio::time::timeout(limit, child.wait()).await.map_err(late)?.map_err(LoadError::file(&program))
}

fn remove_file(path: &Path) -> Result<(), LoadError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(LoadError::file(path)(error)),
        _ => Ok(()),
    }
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
        assert_eq!(Figures::of(&report(5_000, 0)).problems, Vec::<String>::new());
        assert!(!Figures::of(&report(4_999, 0)).problems.is_empty());
        assert!(!Figures::of(&report(5_000, 1)).problems.is_empty());
        assert!(!Figures::of(&json!({})).problems.is_empty());
    }
}

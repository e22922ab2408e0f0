//! How is one row measured? One run of `earmark bench place`, or the median of several.
//!
//! Invariant: a run in which an order was refused or is not stored is an error and no figure.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace;

/// The run with the median rate of so many, each with the arguments that it is given.
pub(super) fn median_of(runs: usize, arguments: impl Fn() -> Result<Vec<String>>) -> Result<Value> {
    let mut reports = (0..runs.max(1)).map(|_| place(&arguments()?)).collect::<Result<Vec<_>>>()?;
    reports.sort_by_key(|report| report["orders_per_second"].as_u64());
    let middle = (reports.len() - 1) / 2;
    Ok(reports.swap_remove(middle))
}

/// Runs `earmark bench place`; returns its report.
pub(super) fn place(arguments: &[String]) -> Result<Value> {
    println!("earmark bench place {}", shown(arguments));
    let output = Command::new(workspace::release_binary("earmark")?)
        .args(["bench", "place", "--json"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start earmark")?;
    let report = serde_json::from_slice(&output.stdout).context("the report of `bench place` is not JSON");
    anyhow::ensure!(output.status.success(), "bench place ended with {}: {report:?}", output.status);
    let report: Value = report?;
    println!(
        "  {} orders/s, p99 {} us",
        field(&report, "/orders_per_second")?,
        field(&report, "/latency/p99_us")?
    );
    Ok(report)
}

/// The arguments without the password that a URL may hold.
fn shown(arguments: &[String]) -> String {
    let shown = arguments.iter().map(|argument| match argument.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => argument.clone(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The number at a pointer of a report.
pub(super) fn field(report: &Value, pointer: &str) -> Result<u64> {
    report
        .pointer(pointer)
        .and_then(Value::as_u64)
        .with_context(|| format!("the report has no number at {pointer}"))
}

/// Arguments as the command line wants them.
pub(super) fn arguments(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

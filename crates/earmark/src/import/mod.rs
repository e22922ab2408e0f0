//! Brings catalogue and stock from a CSV file into a running server.
//!
//! The whole file is read and checked first (`rows.rs`). With one bad row nothing is sent, unless
//! bad rows are to be skipped. Sending is idempotent, so a run that was cut off is simply run
//! again.

pub(crate) mod rows;

use std::fs::File;
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::api::Api;
use crate::cli::{ImportCommand, ImportOptions};
use rows::{ItemRow, Rows, read_rows};

/// `earmark import`. Exit status 1 when there are bad rows and nothing was imported.
pub(crate) fn command(ImportCommand::Items(options): &ImportCommand) -> anyhow::Result<ExitCode> {
    let file =
        File::open(&options.file).with_context(|| format!("cannot read {}", options.file.display()))?;
    let rows = read_rows(file)?;
    for bad in &rows.bad {
        eprintln!("{}: {bad}", options.file.display());
    }
    if !rows.bad.is_empty() && !options.skip_bad {
        eprintln!(
            "{} bad rows, nothing was imported; mend them, or import the others with --skip-bad",
            rows.bad.len()
        );
        report(options, 0, &rows);
        return Ok(ExitCode::FAILURE);
    }
    let api = Api::of(&options.server)?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} items, {per_sec}, {eta} left")
        .expect("a valid template");
    let bar = ProgressBar::new(rows.good.len() as u64).with_style(style);
    for row in &rows.good {
        send(&api, row).with_context(|| format!("line {}, item {}", row.line, row.sku))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    report(options, rows.good.len(), &rows);
    Ok(ExitCode::SUCCESS)
}

fn report(options: &ImportOptions, imported: usize, rows: &Rows) {
    if options.server.json {
        println!("{}", json!({"imported": imported, "bad": rows.bad}));
    } else {
        println!("{imported} items imported, {} rows skipped", rows.bad.len());
    }
}

/// Puts an item, then its count, if the server has another one.
fn send(api: &Api, row: &ItemRow) -> anyhow::Result<()> {
    let path = format!("/v1/items/{}", row.sku);
    let mut body = json!({"name": row.name, "unit_price": row.unit_price});
    for (name, value) in [
        ("description", json!(row.description)),
        ("active", json!(row.active)),
        ("image_url", json!(row.image_url)),
    ] {
        if !value.is_null() {
            body[name] = value;
        }
    }
    let item = api.put(&path, &body)?.ok()?;
    if item["on_hand"] == json!(row.on_hand) {
        return Ok(());
    }
    let count = json!({"on_hand": row.on_hand, "expected_on_hand": item["on_hand"], "reason": "recount"});
    // The same count from the same state is the same adjustment, however often it is sent.
    let digest = Sha256::digest(format!("{}\n{}\n{count}", row.sku, item["version"]));
    let key: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    api.post(&format!("{path}/adjustments"), Some(&format!("import-{key}")), &count)?.ok()?;
    Ok(())
}

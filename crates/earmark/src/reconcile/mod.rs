//! Do we and the gateway agree on the money? Reads the payments and refunds of a running server and
//! the gateway's list, and prints each difference with its cause.
//!
//! The clocks of both sides differ, and a charge may be made long after its row was written: what
//! one side has within the range and the other not is looked for beyond it before it is called a
//! difference.

mod compare;
mod sides;

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::SystemTime;

use earmark_core::{Currency, Timestamp};
use earmark_workers::gateways::{EntryKind, TimeRange};

use crate::api::Api;
use crate::cli::ReconcileOptions;
use crate::gateway::{GatewayConfig, GatewayOptions};
use crate::usage::WrongUsage;
use compare::{Difference, Row, compare};
use sides::{Ours, Theirs};

/// What was compared, as rows of each side, and where they differ.
#[derive(serde::Serialize)]
struct Report {
    gateway: String,
    ours: usize,
    theirs: usize,
    differences: Vec<Difference>,
}

/// `earmark reconcile`. Exit status 1 when there is a difference.
pub(crate) fn command(options: &ReconcileOptions) -> anyhow::Result<ExitCode> {
    let currency =
        Currency::parse(&options.currency).map_err(|error| WrongUsage(format!("--currency: {error}")))?;
    let range = range(options)?;
    let gateway = GatewayConfig::parse(
        GatewayOptions {
            gateway: Some(options.gateway.clone()),
            url: options.gateway_url.clone(),
            secret: options.gateway_secret.clone(),
            webhook_secret: None,
        },
        &currency,
    )?;
    anyhow::ensure!(
        !matches!(gateway, GatewayConfig::Sandbox),
        WrongUsage("--gateway: the sandbox is in another process; name http:URL or stripe".into())
    );
    let name = gateway.name().as_str().to_owned();
    let ours = Ours { api: Api::of(&options.server)?, gateway: name.clone() };
    let theirs = Theirs::open(&gateway)?;
    let report = reconcile(&ours, &theirs, range, name)?;
    if options.server.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn reconcile(ours: &Ours, theirs: &Theirs, range: TimeRange, gateway: String) -> anyhow::Result<Report> {
    let mut left = ours.within(range)?;
    let mut right = theirs.within(range)?;
    let wider = TimeRange { from: range.from.before(sides::beyond()), to: range.to.after(sides::beyond()) };
    // Ours that the gateway did outside of the range, and the gateway's that we began outside of
    // it.
    let missing = lacking(&right, &left);
    if !missing.is_empty() {
        right.extend(theirs.within(wider)?.into_iter().filter(|row| missing.contains(&key(row))));
    }
    let missing = lacking(&left, &right);
    if !missing.is_empty() {
        left.extend(ours.within(wider)?.into_iter().filter(|row| missing.contains(&key(row))));
    }
    let missing = lacking(&left, &right);
    for row in right.iter().filter(|row| missing.contains(&key(row))) {
        left.extend(ours.find(row)?);
    }
    let differences = compare(&left, &right);
    Ok(Report { gateway, ours: left.len(), theirs: right.len(), differences })
}

/// What both sides know a row by.
type Key = (EntryKind, Option<String>);

fn key(row: &Row) -> Key {
    (row.kind, row.id.clone())
}

/// What the rows lack that the others have. What has no id of ours cannot be looked for.
fn lacking(rows: &[Row], others: &[Row]) -> HashSet<Key> {
    let known: HashSet<Key> = rows.iter().map(key).collect();
    others.iter().filter(|row| row.id.is_some()).map(key).filter(|key| !known.contains(key)).collect()
}

fn range(options: &ReconcileOptions) -> Result<TimeRange, WrongUsage> {
    let (from, to) = (point("from", &options.from)?, point("to", &options.to)?);
    if from < to { Ok(TimeRange { from, to }) } else { Err(WrongUsage("--to: later than --from".into())) }
}

/// Midnight (UTC) of a day, or a moment.
fn point(name: &str, text: &str) -> Result<Timestamp, WrongUsage> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let wrong = || {
        WrongUsage(format!(
            "--{name}: expected a day (2026-11-24) or a moment (2026-11-24T12:00:00Z), not {text:?}"
        ))
    };
    let at = humantime::parse_rfc3339(&whole).map_err(|_| wrong())?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| wrong())?;
    i64::try_from(since.as_micros()).map(Timestamp).map_err(|_| wrong())
}

fn print(report: &Report) {
    for difference in &report.differences {
        let shown = |side: &str, row: &Option<Row>| match row {
            None => format!("{side}: nothing"),
            Some(row) => {
                let id = row.id.as_deref().or(row.reference.as_deref()).unwrap_or("?");
                format!("{side}: {:?} {id} {} {} {:?}", row.kind, row.amount, row.currency, row.standing)
            }
        };
        let cause = serde_json::to_value(difference.cause).unwrap_or_default();
        println!(
            "{}  {}; {}",
            cause.as_str().unwrap_or_default(),
            shown("earmark", &difference.ours),
            shown("the gateway", &difference.theirs)
        );
    }
    let Report { gateway, ours, theirs, differences } = report;
    println!("{gateway}: {ours} rows here, {theirs} at the gateway: {} differences", differences.len());
}

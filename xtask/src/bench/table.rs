//! How is the table of a run shown and kept? A row for each setting, with the promises about it,
//! and our rates beside those of the usual way; printed as text, and kept as JSON.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::place::field;

/// What a row is measured under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) clients: u32,
    pub(super) sku: Sku,
}

/// Which items are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sku {
    /// All items, each as often as the others.
    Uniform,
    /// One of them by every order.
    Hot,
}

impl Load {
    pub(super) fn is_hot(self) -> bool {
        self.sku == Sku::Hot
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_hot() { "hot" } else { "uniform" }, self.clients)
    }
}

/// Ours beside the usual way, orders a second.
pub(super) struct Comparison {
    pub(super) load: Load,
    pub(super) ours: u64,
    pub(super) usual: u64,
    pub(super) promise: Promise,
}

/// One promise about one row.
pub(super) struct Promise {
    pub(super) what: String,
    pub(super) is_met: bool,
}

/// One row of the table.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) report: Value,
    pub(super) promises: Vec<Promise>,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.is_met { "met" } else { "NOT MET" }, self.what)
    }
}

pub(super) fn at_least(what: &str, found: u64, bound: u64, unit: &str) -> Promise {
    Promise { what: format!("{what} {found} {unit}, at least {bound}"), is_met: found >= bound }
}

pub(super) fn at_most(what: &str, found: u64, bound: u64, unit: &str) -> Promise {
    Promise { what: format!("{what} {found} {unit}, at most {bound}"), is_met: found <= bound }
}

pub(super) fn table(rows: &[Row]) -> Result<String> {
    let mut text = format!(
        "\n{:22} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7}  promise\n",
        "row", "orders", "orders/s", "p50 us", "p99 us", "p999 us", "RSS MB"
    );
    for row in rows {
        let report = &row.report;
        write!(
            text,
            "{:22} {:>9} {:>9} {:>8} {:>8} {:>8} {:>7}",
            row.name,
            field(report, "/placed")?,
            field(report, "/orders_per_second")?,
            field(report, "/latency/p50_us")?,
            field(report, "/latency/p99_us")?,
            field(report, "/latency/p999_us")?,
            field(report, "/server/rss_bytes")? / 1_000_000
        )?;
        for promise in &row.promises {
            write!(text, "  {promise}")?;
        }
        text.push('\n');
    }
    let Some(growth) = rows.iter().find(|row| row.name == "growth") else { return Ok(text) };
    text.push_str("\ngrowth curve: stored orders, orders/s, p99 us, RSS MB\n");
    for point in growth.report["growth"].as_array().into_iter().flatten() {
        let stored = field(point, "/stored_orders")?;
        let (rate, p99) = (field(point, "/orders_per_second")?, field(point, "/p99_us")?);
        writeln!(text, "{stored:>9} {rate:>8} {p99:>8} {:>6}", field(point, "/rss_bytes")? / 1_000_000)?;
    }
    Ok(text)
}

pub(super) fn comparison(comparisons: &[Comparison]) -> String {
    if comparisons.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{:22} {:>9} {:>9}  promise\n", "orders/s", "ours", "usual way");
    for comparison in comparisons {
        let Comparison { load, ours, usual, promise } = comparison;
        let _ = writeln!(text, "{:22} {ours:>9} {usual:>9}  {promise}", load.to_string());
    }
    text
}

pub(super) fn keep(rows: &[Row], comparisons: &[Comparison], path: &Path) -> Result<()> {
    let promises = |row: &Row| {
        row.promises.iter().map(|p| json!({ "promise": p.what, "met": p.is_met })).collect::<Vec<_>>()
    };
    let rows = rows
        .iter()
        .map(|row| json!({ "row": row.name, "promises": promises(row), "report": row.report }))
        .collect::<Vec<_>>();
    let comparisons: Vec<_> = comparisons.iter().map(Comparison::json).collect();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, serde_json::to_string_pretty(&json!({ "rows": rows, "comparisons": comparisons }))?)
        .with_context(|| path.display().to_string())
}

impl Comparison {
    fn json(&self) -> Value {
        json!({
            "load": self.load.to_string(),
            "orders_per_second": self.ours,
            "usual_orders_per_second": self.usual,
            "promise": self.promise.what,
            "met": self.promise.is_met,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bench) fn report(orders_per_second: u64, p99_us: u64) -> Value {
        let point =
            |rate: u64| json!({ "stored_orders": 1, "orders_per_second": rate, "p99_us": 1, "rss_bytes": 1 });
        json!({
            "placed": 1,
            "orders_per_second": orders_per_second,
            "latency": { "p50_us": 900, "p99_us": p99_us, "p999_us": p99_us },
            "server": { "rss_bytes": 99_000_000 },
            "growth": [point(10_000), point(orders_per_second)],
        })
    }

    pub(in crate::bench) fn broken(rows: &[Row]) -> Vec<String> {
        assert!(table(rows).unwrap().contains("promise"));
        let promises = rows.iter().flat_map(|row| &row.promises);
        promises.filter(|promise| !promise.is_met).map(|promise| promise.what.clone()).collect()
    }
}

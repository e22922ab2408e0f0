//! How fast, how even, how small? `earmark bench place` in the settings that the project makes promises about.
//!
//! Invariant: a figure counts only when every order was placed and the books were right afterwards; each promise is
//! judged in its row, and the whole table is kept as JSON so that two states of the project can be compared.

mod baseline;
mod place;
mod postgres;
mod sqlite;

use std::fmt::{self, Write as _};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::workspace;
use place::field;

/// Settings of the whole table.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which engines.
    #[arg(long, value_enum, default_values = ["sqlite", "postgres"], num_args = 1..)]
    engine: Vec<Engine>,
    /// Orders in each row of rate.
    #[arg(long, default_value_t = 200_000)]
    orders: u64,
    /// Orders of the row with one connection.
    #[arg(long, default_value_t = 10_000)]
    orders_alone: u64,
    /// Orders of the growth row; the promises of memory and growth are made for the default.
    #[arg(long, default_value_t = 1_000_000)]
    orders_growth: u64,
    /// Seconds of each run of the usual way, after a warm-up.
    #[arg(long, default_value_t = 10)]
    baseline_seconds: usize,
    /// How often the rows of rate are run; the run with the median rate counts.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Where the table is kept, instead of target/bench/place.json.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Take the release binary as it is, without building it.
    #[arg(long)]
    no_build: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// The embedded one.
    Sqlite,
    /// A server of its own, and the usual way to take orders on it.
    Postgres,
}

/// What a row is measured under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Load {
    clients: u32,
    sku: Sku,
}

/// Which items are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sku {
    /// All alike.
    Uniform,
    /// One of them by every order.
    Hot,
}

impl Load {
    fn is_hot(self) -> bool {
        self.sku == Sku::Hot
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_hot() { "hot" } else { "uniform" }, self.clients)
    }
}

/// Ours beside the usual way, orders a second.
struct Comparison {
    load: Load,
    ours: u64,
    usual: u64,
    promise: Promise,
}

/// One promise about one row.
struct Promise {
    what: String,
    is_met: bool,
}

/// One row of the table.
struct Row {
    name: String,
    report: Value,
    promises: Vec<Promise>,
}

/// Builds, runs all rows, prints the table, keeps it; an error if a promise is not kept.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        workspace::build_release(&["earmark"])?;
    }
    let mut rows = Vec::new();
    let mut comparisons = Vec::new();
    if options.engine.contains(&Engine::Sqlite) {
        rows.extend(sqlite::rows(options)?);
    }
    if options.engine.contains(&Engine::Postgres) {
        let measured = postgres::measure(options)?;
        rows.extend(measured.rows);
        comparisons = measured.comparisons;
    }
    print!("{}{}", table(&rows)?, comparison(&comparisons));
    let path =
        options.out.clone().unwrap_or_else(|| workspace::target_dir().join("bench").join("place.json"));
    keep(&rows, &comparisons, &path)?;
    println!("kept in {}", path.display());
    let promises = rows.iter().flat_map(|row| &row.promises);
    let promises = promises.chain(comparisons.iter().map(|comparison| &comparison.promise));
    let broken = promises.filter(|promise| !promise.is_met).count();
    anyhow::ensure!(broken == 0, "{broken} figures are not met");
    Ok(())
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.is_met { "met" } else { "NOT MET" }, self.what)
    }
}

fn at_least(what: &str, found: u64, (bound, unit): (u64, &str)) -> Promise {
    Promise { what: format!("{what} {found} {unit}, at least {bound}"), is_met: found >= bound }
}

fn at_most(what: &str, found: u64, (bound, unit): (u64, &str)) -> Promise {
    Promise { what: format!("{what} {found} {unit}, at most {bound}"), is_met: found <= bound }
}

fn table(rows: &[Row]) -> Result<String> {
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

fn comparison(comparisons: &[Comparison]) -> String {
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

fn keep(rows: &[Row], comparisons: &[Comparison], path: &std::path::Path) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn report(orders_per_second: u64, p99_us: u64) -> Value {
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

    pub(super) fn broken(rows: &[Row]) -> Vec<String> {
        assert!(table(rows).unwrap().contains("promise"));
        let promises = rows.iter().flat_map(|row| &row.promises);
        promises.filter(|promise| !promise.is_met).map(|promise| promise.what.clone()).collect()
    }
}

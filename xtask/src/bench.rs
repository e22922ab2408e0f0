//! How fast, how even, how small? `earmark bench place` in the settings that the project makes promises about.
//!
//! Invariant: a figure counts only when every order was placed and the books were right afterwards; each promise is
//! judged in its row, and the whole table is kept as JSON so that two states of the project can be compared.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::workspace;

/// Settings of the whole table.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Orders in each row but the last two.
    #[arg(long, default_value_t = 200_000)]
    orders: u64,
    /// Orders of the row with one connection.
    #[arg(long, default_value_t = 10_000)]
    orders_alone: u64,
    /// Orders of the growth row; the promises of memory and growth are made for the default.
    #[arg(long, default_value_t = 1_000_000)]
    orders_growth: u64,
    /// How often the three rows of rate are run; the run with the median rate counts.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// Where the table is kept, instead of target/bench/place.json.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Take the release binary as it is, without building it.
    #[arg(long)]
    no_build: bool,
}

/// One promise about one row.
struct Promise {
    what: String,
    is_met: bool,
}

/// One row of the table.
struct Row {
    name: &'static str,
    report: Value,
    promises: Vec<Promise>,
}

/// Builds, runs all rows, prints the table, keeps it; an error if a promise is not kept.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        workspace::build_release(&["earmark"])?;
    }
    let rows = judge(measure(options)?)?;
    print!("{}", table(&rows)?);
    let path =
        options.out.clone().unwrap_or_else(|| workspace::target_dir().join("bench").join("place.json"));
    keep(&rows, &path)?;
    println!("kept in {}", path.display());
    let broken = rows.iter().flat_map(|row| &row.promises).filter(|promise| !promise.is_met).count();
    anyhow::ensure!(broken == 0, "{broken} figures are not met");
    Ok(())
}

fn measure(options: &Options) -> Result<[Value; 5]> {
    let orders = options.orders.to_string();
    let all = |further: &[&str]| -> Result<Value> {
        let runs = (0..options.runs.max(1))
            .map(|_| place(&[&["--clients", "256", "--lines", "3", "--orders", &orders], further].concat()));
        median(runs.collect::<Result<Vec<_>>>()?)
    };
    Ok([
        all(&["--keys", "uuidv7"])?,
        all(&["--keys", "random"])?,
        all(&["--keys", "uuidv7", "--hot"])?,
        place(&["--clients", "1", "--lines", "3", "--orders", &options.orders_alone.to_string()])?,
        growth(options.orders_growth)?,
    ])
}

fn growth(orders: u64) -> Result<Value> {
    let every = (orders / 20).max(1).to_string();
    let orders = orders.to_string();
    place(&["--clients", "256", "--lines", "3", "--orders", &orders, "--sample-every", &every])
}

/// One run of `earmark bench place`.
fn place(arguments: &[&str]) -> Result<Value> {
    println!("earmark bench place {}", arguments.join(" "));
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

fn median(mut reports: Vec<Value>) -> Result<Value> {
    reports.sort_by_key(|report| report["orders_per_second"].as_u64());
    let middle = (reports.len().saturating_sub(1)) / 2;
    reports.into_iter().nth(middle).context("no run")
}

/// Holds each row against the promises of the project.
fn judge(reports: [Value; 5]) -> Result<Vec<Row>> {
    let [uniform, random, hot, alone, growth] = reports;
    let base = field(&uniform, "/orders_per_second")?;
    let share =
        |report: &Value| Ok::<_, anyhow::Error>(field(report, "/orders_per_second")? * 100 / base.max(1));
    let p99 = |report: &Value| field(report, "/latency/p99_us").map(|us| at_most("p99", us, (60_000, "us")));
    let rate = |report: &Value| field(report, "/orders_per_second");
    let rows = vec![
        Row {
            name: "uniform, UUIDv7 keys",
            promises: vec![at_least("rate", rate(&uniform)?, (10_000, "orders/s")), p99(&uniform)?],
            report: uniform,
        },
        Row {
            name: "uniform, random keys",
            promises: vec![at_least("rate", rate(&random)?, (8_000, "orders/s")), p99(&random)?],
            report: random,
        },
        Row {
            name: "hot SKU",
            promises: vec![at_least("of uniform", share(&hot)?, (90, "%")), p99(&hot)?],
            report: hot,
        },
        Row {
            name: "one connection",
            promises: vec![at_most("p50", field(&alone, "/latency/p50_us")?, (2_000, "us"))],
            report: alone,
        },
        Row { name: "growth", promises: judge_growth(&growth)?, report: growth },
    ];
    Ok(rows)
}

/// The rate of the last stretch against that of the first, and the memory at the end.
fn judge_growth(report: &Value) -> Result<Vec<Promise>> {
    let curve = report["growth"].as_array().context("no growth curve")?;
    let (first, last) = curve.first().zip(curve.last()).context("an empty growth curve")?;
    let kept = field(last, "/orders_per_second")? * 100 / field(first, "/orders_per_second")?.max(1);
    let rss_mb = field(report, "/server/rss_bytes")? / 1_000_000;
    Ok(vec![at_least("of the first rate", kept, (60, "%")), at_most("RSS", rss_mb, (150, "MB"))])
}

fn at_least(what: &str, found: u64, (bound, unit): (u64, &str)) -> Promise {
    Promise { what: format!("{what} {found} {unit}, at least {bound}"), is_met: found >= bound }
}

fn at_most(what: &str, found: u64, (bound, unit): (u64, &str)) -> Promise {
    Promise { what: format!("{what} {found} {unit}, at most {bound}"), is_met: found <= bound }
}

fn field(report: &Value, pointer: &str) -> Result<u64> {
    report
        .pointer(pointer)
        .and_then(Value::as_u64)
        .with_context(|| format!("the report has no number at {pointer}"))
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
            write!(text, "  {}: {}", if promise.is_met { "met" } else { "NOT MET" }, promise.what)?;
        }
        text.push('\n');
    }
    text.push_str("\ngrowth curve: stored orders, orders/s, p99 us, RSS MB\n");
    for point in rows.last().and_then(|row| row.report["growth"].as_array()).into_iter().flatten() {
        let stored = field(point, "/stored_orders")?;
        let (rate, p99) = (field(point, "/orders_per_second")?, field(point, "/p99_us")?);
        writeln!(text, "{stored:>9} {rate:>8} {p99:>8} {:>6}", field(point, "/rss_bytes")? / 1_000_000)?;
    }
    Ok(text)
}

fn keep(rows: &[Row], path: &std::path::Path) -> Result<()> {
    let promises = |row: &Row| {
        row.promises.iter().map(|p| json!({ "promise": p.what, "met": p.is_met })).collect::<Vec<_>>()
    };
    let rows = rows
        .iter()
        .map(|row| json!({ "row": row.name, "promises": promises(row), "report": row.report }))
        .collect::<Vec<_>>();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, serde_json::to_string_pretty(&json!({ "rows": rows }))?)
        .with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(orders_per_second: u64, p99_us: u64) -> Value {
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

    fn broken(reports: [Value; 5]) -> Vec<String> {
        let rows = judge(reports).unwrap();
        assert!(table(&rows).unwrap().contains("promise"));
        let promises = rows.into_iter().flat_map(|row| row.promises);
        promises.filter(|promise| !promise.is_met).map(|promise| promise.what).collect()
    }

    #[test]
    fn kept_promises_are_met_and_each_broken_one_is_named() {
        let good = || std::array::from_fn::<_, 5, _>(|_| report(10_000, 60_000));
        assert!(broken(good()).is_empty());

        let mut slow = good();
        slow[1] = report(7_999, 60_001);
        slow[2] = report(8_999, 1);
        slow[4] = report(5_999, 1);
        assert_eq!(
            broken(slow),
            [
                "rate 7999 orders/s, at least 8000",
                "p99 60001 us, at most 60000",
                "of uniform 89 %, at least 90",
                "of the first rate 59 %, at least 60",
            ]
        );
    }
}

//! What is promised of the embedded engine? Rate with ordered and with random keys, a hot SKU, one
//! connection alone, growth.

use anyhow::{Context, Result};
use serde_json::Value;

use super::options::Options;
use super::place::{arguments, field, median_of, place};
use super::table::{Promise, Row, at_least, at_most};

/// Runs the five rows and checks them.
pub(super) fn rows(options: &Options) -> Result<Vec<Row>> {
    check(measure(options)?)
}

fn measure(options: &Options) -> Result<[Value; 5]> {
    let orders = options.orders.to_string();
    let all = |further: &[&str]| {
        let words = [&["--clients", "256", "--lines", "3", "--orders", &orders], further].concat();
        median_of(options.runs, || Ok(arguments(&words)))
    };
    Ok([
        all(&["--keys", "uuidv7"])?,
        all(&["--keys", "random"])?,
        all(&["--keys", "uuidv7", "--hot"])?,
        alone(options.orders_alone)?,
        growth(options.orders_growth)?,
    ])
}

fn alone(orders: u64) -> Result<Value> {
    place(&arguments(&["--clients", "1", "--lines", "3", "--orders", &orders.to_string()]))
}

fn growth(orders: u64) -> Result<Value> {
    let every = (orders / 20).max(1).to_string();
    let orders = orders.to_string();
    place(&arguments(&["--clients", "256", "--lines", "3", "--orders", &orders, "--sample-every", &every]))
}

/// Compares each row with what is promised.
fn check(reports: [Value; 5]) -> Result<Vec<Row>> {
    let [uniform, random, hot, alone, growth] = reports;
    let rate = |report: &Value| field(report, "/orders_per_second");
    let base = rate(&uniform)?;
    let share = rate(&hot)? * 100 / base.max(1);
    let p99 = |report: &Value| field(report, "/latency/p99_us").map(|us| at_most("p99", us, 60_000, "us"));
    let row = |name: &str, promises, report| Row { name: name.to_owned(), promises, report };
    Ok(vec![
        row(
            "uniform, UUIDv7 keys",
            vec![at_least("rate", base, 10_000, "orders/s"), p99(&uniform)?],
            uniform,
        ),
        row(
            "uniform, random keys",
            vec![at_least("rate", rate(&random)?, 8_000, "orders/s"), p99(&random)?],
            random,
        ),
        row("hot SKU", vec![at_least("of uniform", share, 90, "%"), p99(&hot)?], hot),
        row("one connection", vec![at_most("p50", field(&alone, "/latency/p50_us")?, 2_000, "us")], alone),
        row("growth", check_growth(&growth)?, growth),
    ])
}

/// Compares the last rate of the growth curve with the first, and the memory at the end with its
/// limit.
fn check_growth(report: &Value) -> Result<Vec<Promise>> {
    let curve = report["growth"].as_array().context("no growth curve")?;
    let (first, last) = curve.first().zip(curve.last()).context("an empty growth curve")?;
    let kept = field(last, "/orders_per_second")? * 100 / field(first, "/orders_per_second")?.max(1);
    let rss_mb = field(report, "/server/rss_bytes")? / 1_000_000;
    Ok(vec![at_least("of the first rate", kept, 60, "%"), at_most("RSS", rss_mb, 150, "MB")])
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{broken, report};
    use super::*;

    #[test]
    fn kept_promises_are_met_and_each_broken_one_is_named() {
        let good = || std::array::from_fn::<_, 5, _>(|_| report(10_000, 60_000));
        assert!(broken(&check(good()).unwrap()).is_empty());

        let mut slow = good();
        slow[1] = report(7_999, 60_001);
        slow[2] = report(8_999, 1);
        slow[4] = report(5_999, 1);
        assert_eq!(
            broken(&check(slow).unwrap()),
            [
                "rate 7999 orders/s, at least 8000",
                "p99 60001 us, at most 60000",
                "of uniform 89 %, at least 90",
                "of the first rate 59 %, at least 60",
            ]
        );
    }
}

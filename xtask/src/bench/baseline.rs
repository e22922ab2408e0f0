//! How fast is the usual way? pgbench calls the procedure of `xtask/baseline` on an empty database of the same server.
//!
//! Invariant: a rate counts only if nothing failed and the counters agree with the lines afterwards.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use earmark_cluster::{Cluster, Installation};

use super::Load;
use crate::{process, workspace};

/// Makes its tables, runs pgbench for so many seconds, checks; returns orders a second.
pub(super) fn orders_per_second(cluster: &Cluster, load: Load, seconds: u64) -> Result<u64> {
    let url = cluster.create_database()?;
    for file in ["schema.sql", "place_order.sql"] {
        psql(&url, &["-v", "ON_ERROR_STOP=1", "-f", &path(file)])?;
    }
    psql(&url, &["-c", "VACUUM ANALYZE"])?;
    cluster.query("CHECKPOINT")?;
    let clients = load.clients.to_string();
    let uniform = format!("uniform={}", u8::from(!load.is_hot()));
    println!("pgbench -M prepared, {load}, {seconds} s");
    let mut pgbench = Command::new(program("pgbench")?);
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--define=n=0", "--define", &uniform]);
    pgbench.args([
        "--client",
        &clients,
        "--time",
        &seconds.to_string(),
        "--file",
        &path("order.pgbench"),
        &url,
    ]);
    let output = pgbench.output().context("cannot start pgbench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "pgbench ended with {}: {errors}", output.status);
    let (placed, rate) = read_report(&text).with_context(|| format!("not a report of pgbench: {text}"))?;
    let books = psql(&url, &["-c", BOOKS])?;
    anyhow::ensure!(books.trim() == format!("t|{placed}"), "the books of the usual way are wrong: {books}");
    println!("  {rate} orders/s");
    Ok(rate)
}

/// Whether the counters are what was ordered, and how many orders there are with their event and key.
const BOOKS: &str = "SELECT (SELECT sum(reserved) FROM stocks) = (SELECT sum(quantity) FROM order_lines), count(*) \
     FROM orders JOIN events ON order_id = id JOIN idempotency USING (order_id)";

fn program(name: &str) -> Result<PathBuf> {
    Ok(Installation::find()?.program(name))
}

fn path(file: &str) -> String {
    workspace::root().join("xtask/baseline").join(file).display().to_string()
}

fn psql(url: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program("psql")?);
    command.args(["-X", "-q", "-A", "-t", url]).args(arguments);
    process::output(&mut command)
}

/// Transactions and their rate; None if one failed, or if it is no report.
fn read_report(text: &str) -> Option<(u64, u64)> {
    let number = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
    };
    let failed: u64 = number("number of failed transactions:")?;
    let placed = number("number of transactions actually processed:")?;
    (failed == 0).then_some((placed, number("tps =")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_is_read_and_failures_are_no_figure() {
        let report = |failed: u64| {
            format!(
                "transaction type: order.pgbench\nnumber of transactions actually processed: 28301\n\
                 number of failed transactions: {failed} (0.000%)\nlatency average = 38.652 ms\n\
                 tps = 6623.269790 (without initial connection time)\n"
            )
        };
        assert_eq!(read_report(&report(0)), Some((28_301, 6_623)));
        assert_eq!(read_report(&report(1)), None);
        assert_eq!(read_report("pgbench: error"), None);
    }
}

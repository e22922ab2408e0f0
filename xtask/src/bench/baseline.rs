//! How fast is the usual way? pgbench calls the procedure of `xtask/baseline` on an empty database
//! of the same server.
//!
//! Invariant: a rate counts only if nothing failed and the counters agree with the lines
//! afterwards.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use earmark_cluster::{Cluster, Installation};

use super::table::Load;
use crate::{process, workspace};

/// Seconds that are not counted, in which plans are made, so that the usual way is not slowed by
/// it.
const WARM_UP_SECONDS: usize = 4;
/// After which pgbench would end by itself. It counts from before its clients connect, which takes
/// hundreds of them many seconds.
const TIME_MAX_SECONDS: &str = "300";

/// Makes the tables, runs pgbench until it was warm for so many seconds, and compares the counters;
/// returns orders a second.
pub(super) fn orders_per_second(cluster: &Cluster, load: Load, seconds: usize) -> Result<u64> {
    let url = cluster.create_database()?;
    for file in ["schema.sql", "place_order.sql"] {
        psql(&url, &["-v", "ON_ERROR_STOP=1", "-f", &path(file)])?;
    }
    psql(&url, &["-c", "VACUUM ANALYZE"])?;
    cluster.query("CHECKPOINT")?;
    println!("pgbench -M prepared, {load}, {seconds} s");
    let (clients, uniform) = (load.clients.to_string(), format!("uniform={}", u8::from(!load.is_hot())));
    let mut pgbench = Command::new(program("pgbench")?);
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--define=n=0", "--define", &uniform]);
    pgbench.args(["--progress=1", "--client", &clients, "--time", TIME_MAX_SECONDS]);
    pgbench.args(["--file", &path("order.pgbench"), &url]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut pgbench = pgbench.spawn().context("cannot start pgbench")?;
    let lines = pgbench.stderr.take().map(BufReader::new).into_iter().flat_map(BufReader::lines);
    let rate = warm_rate(lines.map_while(Result::ok), seconds);
    // Orders under way are rolled back.
    pgbench.kill()?;
    pgbench.wait()?;
    let counts = psql(&url, &["-c", COUNTS_AGREE])?;
    anyhow::ensure!(counts.trim() == "t|t|t", "the counts of the usual way are wrong: {counts}");
    println!("  {} orders/s", rate.as_ref().unwrap_or(&0));
    rate
}

/// Whether the counters are what was ordered, and each order has its event and its key.
const COUNTS_AGREE: &str = "SELECT (SELECT sum(reserved) FROM stocks) = (SELECT sum(quantity) FROM order_lines), \
     (SELECT count(*) FROM orders) = (SELECT count(*) FROM events JOIN orders ON id = order_id), \
     (SELECT count(*) FROM orders) = (SELECT count(*) FROM idempotency JOIN orders ON id = order_id)";

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

/// The mean of so many seconds after the warm-up: `progress: 7.0 s, 2258.0 tps, lat …, 0 failed`.
/// An error if one failed.
fn warm_rate(lines: impl Iterator<Item = String>, seconds: usize) -> Result<u64> {
    let mut rates = Vec::new();
    for line in lines {
        let Some(progress) = line.strip_prefix("progress: ") else {
            anyhow::bail!("pgbench: {line}");
        };
        anyhow::ensure!(progress.ends_with(" 0 failed"), "pgbench: {line}");
        let rate = progress.split(", ").nth(1).and_then(|rate| rate.split('.').next());
        rates.push(rate.and_then(|rate| rate.parse::<u64>().ok()).with_context(|| line.clone())?);
        if rates.len() == WARM_UP_SECONDS + seconds {
            return Ok(rates[WARM_UP_SECONDS..].iter().sum::<u64>() / seconds.max(1) as u64);
        }
    }
    anyhow::bail!("pgbench ended after {} s", rates.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rate: u64) -> String {
        format!("progress: 7.0 s, {rate}.9 tps, lat 50.481 ms stddev 53.029, 0 failed")
    }

    #[test]
    fn warm_seconds_alone_count() {
        let cold = std::iter::repeat_n(line(3), WARM_UP_SECONDS);
        let warm = [line(2_000), line(3_000), line(9_000)];
        assert_eq!(warm_rate(cold.clone().chain(warm), 2).unwrap(), 2_500);
        assert!(warm_rate(cold.chain([line(2_000)]), 2).is_err());
    }

    #[test]
    fn failed_order_or_complaint_is_no_figure() {
        let failed = line(2_000).replace("0 failed", "1 failed");
        assert!(warm_rate([failed].into_iter(), 1).is_err());
        assert!(warm_rate(["pgbench: error: …".to_owned()].into_iter(), 1).is_err());
    }
}

//! What is promised of PostgreSQL? A rate, uniform and hot, and how much that is of the usual way
//! on the same server.
//!
//! Invariant: ours and the usual way run one after the other, on one server with the settings that
//! are printed, each on an empty database.

use anyhow::Result;
use earmark_cluster::{Cluster, ClusterOptions};
use serde_json::Value;

use super::baseline;
use super::options::Options;
use super::place::{arguments, field, median_of};
use super::table::{Comparison, Load, Row, Sku, at_least};

/// What an operator of such a machine would set. Nothing that gives up durability: fsync and
/// full_page_writes stay on.
const SETTINGS: [(&str, &str); 9] = [
    ("max_connections", "400"),
    ("shared_buffers", "512MB"),
    ("wal_buffers", "16MB"),
    ("wal_compression", "on"),
    ("min_wal_size", "2GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "15min"),
    ("synchronous_commit", "on"),
    ("fsync", "on"),
];
/// How many connections are measured.
const CLIENTS: [u32; 2] = [256, 64];

/// The rows of ours, and the comparisons with the usual way.
pub(super) struct Measured {
    pub(super) rows: Vec<Row>,
    pub(super) comparisons: Vec<Comparison>,
}

/// Starts a server and measures ours and the usual way on it.
pub(super) fn measure(options: &Options) -> Result<Measured> {
    let with = |all: ClusterOptions, (name, value): (&str, &str)| all.with(name, value);
    let cluster = Cluster::start_with(SETTINGS.into_iter().fold(ClusterOptions::default(), with))?;
    print_settings(&cluster)?;
    let mut pairs = Vec::new();
    for clients in CLIENTS {
        for sku in [Sku::Uniform, Sku::Hot] {
            let load = Load { clients, sku };
            let ours = ours(&cluster, options, load, 1)?;
            let usual = baseline::orders_per_second(&cluster, load, options.baseline_seconds)?;
            pairs.push((load, ours, usual));
        }
    }
    let nodes = ours(&cluster, options, Load { clients: 256, sku: Sku::Uniform }, 4)?;
    check(pairs, nodes)
}

fn print_settings(cluster: &Cluster) -> Result<()> {
    println!("{}", cluster.query("SELECT version()")?);
    for (name, _) in SETTINGS {
        println!("  {name} = {}", cluster.query(&format!("SHOW {name}"))?);
    }
    Ok(())
}

fn ours(cluster: &Cluster, options: &Options, load: Load, nodes: u32) -> Result<Value> {
    let (clients, orders, nodes) = (load.clients.to_string(), options.orders.to_string(), nodes.to_string());
    median_of(options.runs, || {
        cluster.query("CHECKPOINT")?;
        let url = cluster.create_database()?;
        let mut words = vec!["--clients", &clients, "--lines", "3", "--orders", &orders, "--nodes", &nodes];
        words.extend(["--database", &url]);
        words.extend(load.is_hot().then_some("--hot"));
        Ok(arguments(&words))
    })
}

/// Compares ours with what is promised: a rate at 256 connections, and a share of the usual way.
fn check(pairs: Vec<(Load, Value, u64)>, nodes: Value) -> Result<Measured> {
    let rate = |report: &Value| field(report, "/orders_per_second");
    let mut comparisons = Vec::new();
    let mut rows = Vec::new();
    let mut uniform = 0;
    for (load, report, usual) in pairs {
        let ours = rate(&report)?;
        let promises = match load {
            Load { clients: 256, sku: Sku::Uniform } => vec![at_least("rate", ours, 8_000, "orders/s")],
            Load { clients: 256, sku: Sku::Hot } => {
                vec![at_least("of uniform", ours * 100 / u64::max(uniform, 1), 80, "%")]
            }
            _ => Vec::new(),
        };
        if load.sku == Sku::Uniform {
            uniform = ours;
        }
        comparisons.push(compare(load, ours, usual));
        rows.push(Row { name: format!("PostgreSQL, {load}"), promises, report });
    }
    rows.push(Row { name: "PostgreSQL, 4 nodes".to_owned(), promises: Vec::new(), report: nodes });
    Ok(Measured { rows, comparisons })
}

fn compare(load: Load, ours: u64, usual: u64) -> Comparison {
    let percent_min = match (load.sku, load.clients) {
        (Sku::Uniform, _) => 150,
        (Sku::Hot, 64) => 800,
        (Sku::Hot, _) => 2_000,
    };
    let percent = ours * 100 / usual.max(1);
    let promise = at_least("ours", percent, percent_min, "% of the usual way");
    Comparison { load, ours, usual, promise }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{broken, report};
    use super::*;

    fn pairs(rates: [(u64, u64); 4]) -> Vec<(Load, Value, u64)> {
        let loads =
            CLIENTS.into_iter().flat_map(|clients| [Sku::Uniform, Sku::Hot].map(|sku| Load { clients, sku }));
        loads.zip(rates).map(|(load, (ours, usual))| (load, report(ours, 1), usual)).collect()
    }

    #[test]
    fn figures_are_held_against_the_usual_way_at_the_same_load() {
        let good = [(9_000, 6_000), (7_200, 360), (6_000, 4_000), (6_000, 750)];
        let measured = check(pairs(good), report(1, 1)).unwrap();
        assert!(broken(&measured.rows).is_empty());
        assert!(measured.comparisons.iter().all(|comparison| comparison.promise.is_met));

        let slow = [(7_999, 6_000), (6_398, 360), (5_999, 4_000), (6_000, 751)];
        let measured = check(pairs(slow), report(1, 1)).unwrap();
        let expected = ["rate 7999 orders/s, at least 8000", "of uniform 79 %, at least 80"];
        assert_eq!(broken(&measured.rows), expected);
        assert!(measured.comparisons.iter().all(|comparison| !comparison.promise.is_met));
    }
}

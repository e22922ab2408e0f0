//! How many orders a second, and how soon is each answered? `earmark bench place` starts servers of
//! its own on an empty database and places orders over HTTP.
//!
//! Invariant: a rate is worth nothing unless every order is stored, so stock is compared with what
//! was acknowledged, and `earmark verify` is run, after every load. Read on in `drive`.

mod drive;
mod options;
mod orders;
mod report;
mod stock;

use std::time::Instant;

pub use options::{KeyKind, PlaceOptions};
pub use report::{GrowthPoint, PlaceReport, StockCheck};

use crate::client::Client;
use crate::error::LoadError;
use crate::latency::per_second;
use crate::nodes::Nodes;
use crate::usage::own_cpu_ms;
use crate::{catalogue, requests, runtime};
use drive::{Drive, Target};

/// Runs the benchmark. Blocks, on a runtime of its own: not to be called from a task.
///
/// # Errors
/// The run could not be finished. Orders that were refused and stock that is wrong are in the
/// report.
pub fn run(options: PlaceOptions) -> Result<PlaceReport, LoadError> {
    options.check()?;
    // The servers end before their folder is removed: they are dropped inside.
    runtime::block_on(place(options))
}

async fn place(options: PlaceOptions) -> Result<PlaceReport, LoadError> {
    let nodes = Nodes::start_ready(&options.servers()).await?;
    let client = nodes.first().client();
    refuse_used_database(&client).await?;
    let start = Instant::now();
    catalogue::create(&client, u64::from(options.skus), options.on_hand()).await?;
    let catalogue_ms = start.elapsed().as_millis() as u64;

    let (before, own_before_ms) = (nodes.usage(), own_cpu_ms());
    let probe = nodes.rss_probe();
    let target = Target { addresses: nodes.addresses(), token: nodes.first().admin_key().to_owned() };
    let (tally, elapsed) = Drive::new(&options, target, Box::new(probe)).run().await?;
    let client_cpu_ms = own_cpu_ms() - own_before_ms;
    let mut usage = nodes.usage();
    usage.cpu_ms -= before.cpu_ms.min(usage.cpu_ms);
    let database_bytes = nodes.first().database_bytes();

    let stock = stock::check(&nodes, &tally.ordered).await?;
    Ok(PlaceReport {
        options,
        placed: tally.placed,
        refused: tally.refused,
        resent: tally.resent,
        orders_per_second: per_second(tally.placed, elapsed),
        latency: tally.latencies.summary(),
        wall_ms: elapsed.as_millis() as u64,
        catalogue_ms,
        server: usage,
        client_cpu_ms,
        database_bytes,
        growth: tally.growth,
        stock,
    })
}

/// Refuses a database that holds items: their counters would be mixed up with those of the run.
async fn refuse_used_database(client: &Client) -> Result<(), LoadError> {
    match requests::read(client, "/v1/items?limit=1").await?["data"].as_array() {
        Some(items) if items.is_empty() => Ok(()),
        _ => Err(LoadError::Options("the database is not empty".to_owned())),
    }
}

/// Sends orders to any server that answers 201; returns what each costs the client, as text.
///
/// # Errors
/// The server cannot be reached or does not answer.
pub fn measure_client(address: std::net::SocketAddr, orders: u64) -> Result<String, LoadError> {
    let options = PlaceOptions { orders, ..PlaceOptions::default() };
    runtime::block_on(async {
        let before_ms = own_cpu_ms();
        let target = Target { addresses: vec![address], token: "em_live_token".to_owned() };
        let (tally, elapsed) = Drive::new(&options, target, Box::new(|| 0)).run().await?;
        let cpu_us = (own_cpu_ms() - before_ms) * 1_000 / orders;
        let rate = per_second(tally.placed, elapsed);
        let p99_us = tally.latencies.summary().p99_us;
        Ok(format!("{cpu_us} µs of CPU a request, {rate} requests/s, p99 {p99_us} µs"))
    })
}

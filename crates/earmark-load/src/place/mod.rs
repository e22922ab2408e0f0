//! How many orders a second, and how soon is each answered? `earmark bench place`: servers of its own on an empty
//! database, orders over HTTP, then the books.
//!
//! Invariant: a rate is worth nothing unless the books are right, so they are checked after every run.

mod books;
mod drive;
mod options;
mod orders;
mod report;

use std::time::Instant;

pub use options::{KeyKind, PlaceOptions};
pub use report::{Books, GrowthPoint, PlaceReport};

use crate::client::Client;
use crate::error::LoadError;
use crate::latency::per_second;
use crate::nodes::Nodes;
use crate::server::own_cpu_ms;
use crate::{catalogue, runtime};

/// Runs the benchmark. Blocks, on a runtime of its own: not to be called from a task.
///
/// # Errors
/// The run could not be finished. Orders that were refused and books that are wrong are in the report.
pub fn run(options: PlaceOptions) -> Result<PlaceReport, LoadError> {
    options.check()?;
    // The servers end before their folder is removed: they are dropped inside.
    runtime::block_on(place(options))
}

async fn place(options: PlaceOptions) -> Result<PlaceReport, LoadError> {
    let nodes = Nodes::start_ready(&options.servers()).await?;
    let client = nodes.first().client();
    refuse_used_books(&client).await?;
    let start = Instant::now();
    catalogue::create(&client, u64::from(options.skus), options.on_hand()).await?;
    let catalogue_ms = start.elapsed().as_millis() as u64;

    let (before, own_before_ms) = (nodes.usage(), own_cpu_ms());
    let probe = nodes.rss_probe();
    let target = (nodes.addresses(), nodes.first().admin_key());
    let drive = drive::Drive::new(&options, target, Box::new(probe));
    let (tally, elapsed) = drive.run().await?;
    let client_cpu_ms = own_cpu_ms() - own_before_ms;
    let mut usage = nodes.usage();
    usage.cpu_ms -= before.cpu_ms.min(usage.cpu_ms);
    let database_bytes = nodes.first().database_bytes();

    let books = books::check(&nodes, &tally.ordered).await?;
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
        books,
    })
}

/// A database with items is somebody's: their counters would be taken for ours.
async fn refuse_used_books(client: &Client) -> Result<(), LoadError> {
    match catalogue::read(client, "/v1/items?limit=1").await?["data"].as_array() {
        Some(items) if items.is_empty() => Ok(()),
        _ => Err(LoadError::Options("the database is not empty".to_owned())),
    }
}

/// Drives orders against any server that answers 201, and says what that costs the client.
///
/// # Errors
/// The server cannot be reached or does not answer.
pub fn measure_client(address: std::net::SocketAddr, orders: u64) -> Result<String, LoadError> {
    let options = PlaceOptions { orders, ..PlaceOptions::default() };
    runtime::block_on(async {
        let before_ms = own_cpu_ms();
        let drive = drive::Drive::new(&options, (vec![address], "em_live_token"), Box::new(|| 0));
        let (tally, elapsed) = drive.run().await?;
        let cpu_us = (own_cpu_ms() - before_ms) * 1_000 / orders;
        let rate = per_second(tally.placed, elapsed);
        let p99_us = tally.latencies.summary().p99_us;
        Ok(format!("{cpu_us} µs of CPU a request, {rate} requests/s, p99 {p99_us} µs"))
    })
}

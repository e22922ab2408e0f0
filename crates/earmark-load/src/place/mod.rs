//! How many orders a second, and how soon is each answered? `earmark bench place`: a server of its own on a throw-away
//! database, orders over HTTP, then the books.
//!
//! Invariant: a rate is worth nothing unless the books are right, so they are checked after every run.

mod books;
mod drive;
mod options;
mod orders;
mod report;

use std::time::{Duration, Instant};

pub use options::{KeyKind, PlaceOptions};
pub use report::{Books, GrowthPoint, PlaceReport};

use crate::error::LoadError;
use crate::latency::per_second;
use crate::server::{ServerOptions, ServerProcess, own_cpu_ms};
use crate::{catalogue, runtime};

/// What an empty server may take to start.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Runs the benchmark. Blocks, on a runtime of its own: not to be called from a task.
///
/// # Errors
/// The run could not be finished. Orders that were refused and books that are wrong are in the report.
pub fn run(options: PlaceOptions) -> Result<PlaceReport, LoadError> {
    options.check()?;
    let parent = options.database.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("earmark-bench-").tempdir_in(&parent);
    let folder = folder.map_err(LoadError::file(parent))?;
    let server = ServerProcess::start(ServerOptions::new(&options.earmark, folder.path()))?;
    // The server ends before its folder is removed: it is dropped inside.
    runtime::block_on(place(options, server))
}

async fn place(options: PlaceOptions, mut server: ServerProcess) -> Result<PlaceReport, LoadError> {
    server.wait_ready(READY_LIMIT).await?;
    let start = Instant::now();
    catalogue::create(&server.client(), u64::from(options.skus), options.on_hand()).await?;
    let catalogue_ms = start.elapsed().as_millis() as u64;

    let (before, own_before_ms) = (server.usage(), own_cpu_ms());
    let probe = server.rss_probe();
    let drive = drive::Drive::new(&options, (server.address(), server.admin_key()), Box::new(probe));
    let (tally, elapsed) = drive.run().await?;
    let client_cpu_ms = own_cpu_ms() - own_before_ms;
    let mut usage = server.usage();
    usage.cpu_ms -= before.cpu_ms.min(usage.cpu_ms);
    let database_bytes = server.database_bytes();

    let books = books::check(&server, &tally.ordered).await?;
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

/// Drives orders against any server that answers 201, and says what that costs the client.
///
/// # Errors
/// The server cannot be reached or does not answer.
pub fn measure_client(address: std::net::SocketAddr, orders: u64) -> Result<String, LoadError> {
    let options = PlaceOptions { orders, ..PlaceOptions::default() };
    runtime::block_on(async {
        let before_ms = own_cpu_ms();
        let drive = drive::Drive::new(&options, (address, "em_live_token"), Box::new(|| 0));
        let (tally, elapsed) = drive.run().await?;
        let cpu_us = (own_cpu_ms() - before_ms) * 1_000 / orders;
        let rate = per_second(tally.placed, elapsed);
        let p99_us = tally.latencies.summary().p99_us;
        Ok(format!("{cpu_us} µs of CPU a request, {rate} requests/s, p99 {p99_us} µs"))
    })
}

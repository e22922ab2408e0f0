//! Are a real month's sales right to the penny? The order lines of a file of 50,000 are sent to the
//! release binary over HTTP. Then stock, every order and the revenue are compared with what follows
//! from the file alone.
//!
//! `rows` parses the file, `plan` decides beforehand what must happen, `drive` sends it, `state`
//! adds up what must come of it, and `found` reads what came of it. Invariant: the expected state
//! never depends on an answer of the server.

mod drive;
mod fates;
mod found;
mod plan;
pub(crate) mod rows;
mod state;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use earmark_load::{Database, Nodes, NodesOptions, runtime};

use crate::workspace;
use plan::Plan;
use state::ShopState;

/// What `earmark verify` may take.
const VERIFY_MAX: Duration = Duration::from_secs(300);
/// What the server may take to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(20);
/// How many differences are shown.
const DIFFERENCES_MAX: usize = 20;

/// What to replay, and how.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The file of sales, online-retail.csv, with the columns
    /// `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country`
    file: PathBuf,
    /// Requests at once, where their order does not matter.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Take the release binary as it is, without building it.
    #[arg(long)]
    no_build: bool,
}

impl Options {
    /// The defaults, with this file and the binary that is there.
    pub(crate) fn of(file: PathBuf) -> Self {
        Self { file, connections: 8, no_build: true }
    }
}

/// The whole file where it lies beside the workspace, else the sample of it that is kept here.
pub(crate) fn sales_at_hand() -> PathBuf {
    let whole = workspace::root().join("../shared/data/online-retail.csv");
    if whole.is_file() { whole } else { workspace::root().join("xtask/data/online-retail-sample.csv") }
}

/// Replays the file, and compares what came of it.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        workspace::build_release(&["earmark"])?;
    }
    let rows = rows::read(&options.file)?;
    let plan = plan::plan(&rows)?;
    print!("{}", plan.report.text());
    let received = plan.items.iter().map(|(sku, item)| (sku.clone(), item.received)).collect();
    let expected = state::expected(&rows, &plan.fates, &received);
    runtime::block_on(Box::pin(replay(plan, &expected, options.connections.max(1))))
}

async fn replay(plan: Plan, expected: &ShopState, connections: usize) -> Result<()> {
    let servers = NodesOptions {
        arguments: vec!["--currency".to_owned(), "GBP".to_owned()],
        ..NodesOptions::new(&workspace::release_binary("earmark")?, Database::File, 1)
    };
    let nodes = Nodes::start_ready(&servers).await?;
    let client = nodes.first().client();
    let started = Instant::now();
    drive::drive(plan, &client, connections)
        .await
        .with_context(|| format!("the server's log ends with:\n{}", nodes.first().log_tail()))?;
    let (requests, took) = (client.request_count(), started.elapsed());
    println!("{requests} requests in {}.{:03} s", took.as_secs(), took.subsec_millis());

    check_equal(expected, &found::read(&client, connections).await?)?;
    println!("equal to the penny: {}", state::summary(expected));
    let verified = nodes.verify(VERIFY_MAX).await?;
    print!("{}", verified.output);
    anyhow::ensure!(verified.passed, "`earmark verify` has found something wrong");
    Ok(nodes.stop(STOP_MAX).await?)
}

fn check_equal(expected: &ShopState, found: &ShopState) -> Result<()> {
    let differences = state::compare(expected, found);
    if differences.is_empty() {
        return Ok(());
    }
    let shown = differences.iter().take(DIFFERENCES_MAX).cloned().collect::<Vec<_>>().join("\n");
    bail!("{} differences between the file and the server:\n{shown}", differences.len())
}

#[cfg(test)]
mod tests;

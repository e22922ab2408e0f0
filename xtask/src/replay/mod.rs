//! Does the shop do a real month's sales right, to the penny? A file of 50,000 real order lines, driven through the release
//! binary over HTTP; then stock, every order and the revenue are compared with what follows from the file alone.
//!
//! `rows` parses, `plan` decides beforehand what must happen, `drive` makes it happen, `books` adds up what must come
//! of it, `found` reads what came of it. Invariant: the expected books never see an answer of the server.

mod books;
mod drive;
mod fates;
mod found;
mod plan;
pub(crate) mod rows;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::client::Api;
use crate::replay::books::Books;
use crate::server::{ADMIN_KEY, Server};
use crate::{process, workspace};

/// How many differences are shown.
const DIFFERENCES_MAX: usize = 20;

/// What to replay, and how.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// online-retail.csv: `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country`
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

/// Replays, and compares.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        workspace::build_release(&["earmark"])?;
    }
    let rows = rows::read(&options.file)?;
    let plan = plan::plan(&rows)?;
    print!("{}", plan.report.text());
    let received = plan.items.iter().map(|(sku, item)| (sku.clone(), item.received)).collect();
    let expected = books::expected(&rows, &plan.fates, &received);

    let server = Server::start(&["--currency", "GBP"])?;
    let api = Api::new(&server.url, ADMIN_KEY, options.connections.max(1));
    let started = Instant::now();
    drive::drive(&plan, &api)
        .with_context(|| format!("the server's log ends with:\n{}", server.log_tail()))?;
    let (requests, took) = (api.requests(), started.elapsed());
    println!("{requests} requests in {}.{:03} s", took.as_secs(), took.subsec_millis());

    hold_equal(&expected, &found::read(&api)?)?;
    println!("equal to the penny: {}", books::summary(&expected));
    verify(&server)?;
    server.stop()
}

fn hold_equal(expected: &Books, found: &Books) -> Result<()> {
    let differences = books::compare(expected, found);
    if differences.is_empty() {
        return Ok(());
    }
    let shown = differences.iter().take(DIFFERENCES_MAX).cloned().collect::<Vec<_>>().join("\n");
    bail!("{} differences between the file and the server:\n{shown}", differences.len())
}

fn verify(server: &Server) -> Result<()> {
    let mut command = Command::new(workspace::release_binary("earmark")?);
    command.args(["verify", "--server", &server.url, "--key", ADMIN_KEY]);
    process::run(&mut command)
}

#[cfg(test)]
mod tests;

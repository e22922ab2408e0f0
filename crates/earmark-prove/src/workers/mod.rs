//! Do the workers of all nodes together do each job once? Unpaid orders that expire, payments whose gateway is slow to say
//! what became of them, and refunds, with nobody asking for any of it, while the workers of every node see the same work.
//!
//! Then every event is counted, order by order. The control claims a fate for two orders that did not have it, one too
//! little and one too much, and exactly those two must be named.

mod expiry;
mod judge;
mod money;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::audit::{Breach, BreachKind};
use crate::error::LoadError;
use crate::nodes::{Databases, Nodes};
use crate::{catalogue, runtime};

/// Items for sale.
const SKUS: u32 = 50;
/// Units of each: more than all orders can take.
const ON_HAND: u64 = 1_000_000;
/// Orders under way at once.
const FLOWS: usize = 64;
/// For how long a second doing of the same job is waited for.
const LATE_DOUBLES: Duration = Duration::from_secs(2);
/// What `earmark verify` may take.
const VERIFY_LIMIT: Duration = Duration::from_secs(120);
/// What the whole run may take.
const RUN_LIMIT: Duration = Duration::from_secs(600);
/// Breaches kept.
const BREACHES_MAX: usize = 20;

/// The settings of the proof.
#[derive(Debug, Clone, Serialize)]
pub struct UnattendedOptions {
    /// The `earmark` binary.
    #[serde(skip)]
    pub earmark: PathBuf,
    /// Servers on one database.
    pub nodes: u32,
    /// Two empty databases; none: files of their own.
    #[serde(skip)]
    pub databases: Vec<String>,
    /// Orders that nobody pays.
    pub orders: usize,
    /// Orders that are paid, a part of them cancelled.
    pub payments: usize,
}

/// The verdict.
#[derive(Debug, Clone, Serialize)]
pub struct UnattendedReport {
    /// `workers`.
    pub proof: &'static str,
    /// The settings.
    pub options: UnattendedOptions,
    /// From the end of the last reservation until all stock was free, milliseconds.
    pub free_after_ms: u64,
    /// From the last request until each payment and each refund had its end, milliseconds.
    pub settled_after_ms: u64,
    /// Refunds that were made.
    pub refunds: usize,
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// Whether the two false claims were named, and nothing else.
    pub control_caught: bool,
    /// Whether nothing is wrong, and the control was found out.
    pub passed: bool,
    /// What is wrong, the first of it.
    pub breaches: Vec<Breach>,
}

/// Runs the proof. Blocks, on a runtime of its own.
///
/// # Errors
/// The run could not be finished. Breaches are in the report.
pub fn prove(options: UnattendedOptions) -> Result<UnattendedReport, LoadError> {
    runtime::block_on(async {
        let run = tokio::time::timeout(RUN_LIMIT, prove_both(options)).await;
        run.unwrap_or_else(|_| {
            Err(LoadError::Server(format!("not finished after {} s", RUN_LIMIT.as_secs())))
        })
    })
}

async fn prove_both(options: UnattendedOptions) -> Result<UnattendedReport, LoadError> {
    let start = Instant::now();
    let mut databases = Databases::new(&options.databases);
    let expired = expiry::run(&options, databases.take()?).await?;
    let money = money::run(&options, databases.take()?).await?;
    let mut breaches = [expired.breaches, money.breaches].concat();
    breaches.truncate(BREACHES_MAX);
    Ok(UnattendedReport {
        proof: "workers",
        free_after_ms: expired.free_after.as_millis() as u64,
        settled_after_ms: money.settled_after.as_millis() as u64,
        refunds: money.refunds,
        wall_ms: start.elapsed().as_millis() as u64,
        control_caught: money.control_caught,
        passed: breaches.is_empty() && money.control_caught,
        breaches,
        options,
    })
}

/// Counts the events once nothing more is to come, and proves the books.
async fn judge(nodes: &Nodes, fates: &[judge::Fate]) -> Result<Vec<Breach>, LoadError> {
    tokio::time::sleep(LATE_DOUBLES).await;
    let events = catalogue::list(&nodes.first().client(), "/v1/events").await?;
    let mut breaches = judge::compare(fates, &events);
    let verified = nodes.verify(VERIFY_LIMIT).await?;
    if !verified.passed {
        breaches.push(Breach::new(BreachKind::BooksWrong, "earmark verify", verified.output));
    }
    Ok(breaches)
}

//! Has every key exactly one effect? Thousands of commands, each sent two to five times: at once on several connections,
//! late and out of order, and across kill -9 and restart of the server; then every effect is counted. With several nodes
//! the copies of a command go to different ones, and one node at a time is killed while the others go on.
//!
//! The control sends the same copies with a key each: what is there then must be found to be too much.
//!
//! Copies that are sent late go into a bag, from which they are drawn at random while other commands run. Some keys are
//! used again with something changed, which must be refused and do nothing.

mod flows;
mod judge;
mod sender;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

use crate::audit::Breach;
use crate::error::LoadError;
use crate::latency::{Latencies, LatencySummary};
use crate::nodes::{Databases, Nodes, NodesOptions};
use crate::random::Random;
use crate::server::Database;
use crate::{catalogue, runtime};
use sender::{Copies, Run};

/// Items for sale: few, so that commands meet on them.
const SKUS: u32 = 200;
/// Units of each: more than all commands can take.
const ON_HAND: u64 = 10_000_000;
/// Flows under way at once.
const FLOWS: u64 = 48;
/// Tasks that send the late copies.
const STRAGGLERS: u64 = 8;
/// Commands of the control.
const CONTROL_REQUESTS: u64 = 300;
/// What the whole run may take.
const RUN_LIMIT: Duration = Duration::from_secs(900);

/// The settings of the proof.
#[derive(Debug, Clone, Serialize)]
pub struct IdempotencyOptions {
    /// The `earmark` binary.
    #[serde(skip)]
    pub earmark: PathBuf,
    /// Servers on one database.
    pub nodes: u32,
    /// One empty database for the proof and one for its control; none: files of their own.
    #[serde(skip)]
    pub databases: Vec<String>,
    /// Commands, each with a key of its own.
    pub requests: u64,
    /// How often a server is killed in between.
    pub kills: u64,
    /// Seed of all chance.
    pub seed: u64,
}

/// The verdict.
#[derive(Debug, Clone, Serialize)]
pub struct IdempotencyReport {
    /// `idempotency`.
    pub proof: &'static str,
    /// The settings.
    pub options: IdempotencyOptions,
    /// Keys that were used.
    pub keys: usize,
    /// Answers that were compared.
    pub answers: u64,
    /// Keys that were used again with something changed.
    pub reused: u64,
    /// Orders that came of it.
    pub orders: usize,
    /// How often the server was killed.
    pub kills: u64,
    /// From each restart until it was ready again.
    pub ready: LatencySummary,
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// Whether copies with a key each were found to have an effect each.
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
pub fn prove(options: IdempotencyOptions) -> Result<IdempotencyReport, LoadError> {
    runtime::block_on(async {
        let run = tokio::time::timeout(RUN_LIMIT, prove_with_control(options)).await;
        run.unwrap_or_else(|_| {
            Err(LoadError::Server(format!("not finished after {} s", RUN_LIMIT.as_secs())))
        })
    })
}

async fn prove_with_control(options: IdempotencyOptions) -> Result<IdempotencyReport, LoadError> {
    let start = Instant::now();
    let mut databases = Databases::new(&options.databases);
    let (run, kills, ready) = send_all(&options, databases.take()?, Copies::ShareTheirKey).await?;
    let breaches = run.breaches().clone();
    let control = IdempotencyOptions { requests: CONTROL_REQUESTS, kills: 0, ..options.clone() };
    let (control, ..) = send_all(&control, databases.take()?, Copies::HaveOwnKeys).await?;
    let control_caught = !control.breaches().is_empty();
    let audit = run.audit();
    Ok(IdempotencyReport {
        proof: "idempotency",
        keys: audit.key_count(),
        answers: audit.answer_count(),
        reused: run.reused.load(Ordering::Relaxed),
        orders: run.orders().len(),
        kills,
        ready,
        wall_ms: start.elapsed().as_millis() as u64,
        control_caught,
        passed: breaches.is_empty() && control_caught,
        breaches,
        options,
    })
}

/// Sends everything to servers of its own, and judges what is there afterwards.
async fn send_all(
    options: &IdempotencyOptions,
    database: Database,
    copies: Copies,
) -> Result<(Arc<Run>, u64, LatencySummary), LoadError> {
    let servers = NodesOptions::new(&options.earmark, database, options.nodes).with_brief_first_calls();
    let mut nodes = Nodes::start_ready(&servers).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;

    let run = Arc::new(Run::new(nodes.clients(), options.clone(), copies));
    let mut tasks = JoinSet::new();
    for number in 0..FLOWS {
        tasks.spawn(flows::keep_flowing(Arc::clone(&run), Random::stream(options.seed, number)));
    }
    let mut stragglers = JoinSet::new();
    for number in 0..STRAGGLERS {
        let random = Random::stream(options.seed, FLOWS + number);
        stragglers.spawn(sender::keep_sending_late(Arc::clone(&run), random));
    }
    let (kills, ready) = kill_at_times(&run, &mut nodes).await?;
    join(&mut tasks).await?;
    run.flows_done.store(true, Ordering::Release);
    join(&mut stragglers).await?;
    judge::judge(&run, &nodes).await?;
    Ok((run, kills, ready))
}

async fn join(tasks: &mut JoinSet<Result<(), LoadError>>) -> Result<(), LoadError> {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| Err(LoadError::Server(error.to_string())))?;
    }
    Ok(())
}

/// Kills and restarts a server, any of them, whenever another part of the commands has begun.
async fn kill_at_times(run: &Run, nodes: &mut Nodes) -> Result<(u64, LatencySummary), LoadError> {
    let mut random = Random::stream(run.options.seed, u64::MAX);
    let mut ready = Latencies::default();
    for kill in 0..run.options.kills {
        let due = run.options.requests * (kill + 1) / (run.options.kills + 1);
        while run.begun.load(Ordering::Relaxed) < due && !run.is_hopeless() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if run.is_hopeless() {
            return Ok((kill, ready.summary()));
        }
        let node = random.below(nodes.len() as u64) as usize;
        nodes.kill(node);
        run.forget_connections(node);
        tokio::time::sleep(Duration::from_millis(random.below(50))).await;
        ready.record(nodes.restart(node).await?);
    }
    Ok((run.options.kills, ready.summary()))
}

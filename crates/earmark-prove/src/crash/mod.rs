//! Is everything that was acknowledged still there after kill -9? Full load, a kill at a random moment, a restart on the
//! same books, and a comparison of each touched order, of each command without an answer, and of all stock; many times.
//! With several nodes one of them is killed while the others must go on, and comes back while they do.
//!
//! The proof ends with its negative control: a server that answers before it commits must be found out.

mod check;
mod commands;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

use crate::audit::{Breach, BreachKind};
use crate::error::LoadError;
use crate::latency::{Latencies, LatencySummary};
use crate::nodes::{Databases, Nodes, NodesOptions};
use crate::random::Random;
use crate::server::Database;
use crate::{catalogue, runtime};
use worker::{Stretch, Worker};

/// Items for sale.
const SKUS: u32 = 500;
/// Units of each: more than all commands can take.
const ON_HAND: u64 = 10_000_000;
/// Load before a kill, milliseconds.
const LOAD_MS: (u64, u64) = (300, 1_300);
/// Kills on one database before a new one is begun, so that reading it whole stays short.
const CYCLES_PER_DATABASE: u32 = 10;
/// What the other nodes may take to acknowledge anything new after one was killed.
const PAUSE_LIMIT: Duration = Duration::from_secs(5);
/// What `earmark verify` may take.
const VERIFY_LIMIT: Duration = Duration::from_secs(120);
/// What the whole run may take.
const RUN_LIMIT: Duration = Duration::from_secs(1_200);
/// Breaches kept.
const BREACHES_MAX: usize = 20;
/// The switch that makes the server answer before it commits.
const CONTROL: (&str, &str) = ("EARMARK_FAULT", "ack_before_commit");

/// The settings of the proof.
#[derive(Debug, Clone, Serialize)]
pub struct CrashOptions {
    /// The `earmark` binary.
    #[serde(skip)]
    pub earmark: PathBuf,
    /// Servers on one database.
    pub nodes: u32,
    /// Empty databases, one for every ten kills or part of ten, and of the control likewise; none: files of their own.
    #[serde(skip)]
    pub databases: Vec<String>,
    /// Kills.
    pub cycles: u32,
    /// Kills of the control at most.
    pub control_cycles: u32,
    /// Connections.
    pub clients: u32,
    /// Seed of all chance.
    pub seed: u64,
}

/// The verdict.
#[derive(Debug, Clone, Serialize)]
pub struct CrashReport {
    /// `crash`.
    pub proof: &'static str,
    /// The settings.
    pub options: CrashOptions,
    /// What the server under proof went through.
    pub run: CrashRun,
    /// What the server that answers too early went through.
    pub control: CrashRun,
    /// Whether the control was found out.
    pub control_caught: bool,
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// Whether nothing is wrong, and the control was found out.
    pub passed: bool,
}

/// A number of cycles.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CrashRun {
    /// Kills.
    pub cycles: u32,
    /// Commands that were acknowledged.
    pub acknowledged: u64,
    /// Orders among them.
    pub orders: u64,
    /// Commands that had no answer when the server was killed.
    pub unanswered: u64,
    /// Of those, how many had happened all the same.
    pub unanswered_done: u64,
    /// From each restart until the server was ready again.
    pub ready: LatencySummary,
    /// From each kill until the other nodes acknowledged something that they were asked after it.
    pub others_paused: LatencySummary,
    /// What is wrong, the first of it.
    pub breaches: Vec<Breach>,
}

impl CrashRun {
    fn report(&mut self, breaches: impl IntoIterator<Item = Breach>) {
        let room = BREACHES_MAX - self.breaches.len();
        self.breaches.extend(breaches.into_iter().take(room));
    }

    /// True if something acknowledged was missed, as it must be of a server that answers too early.
    fn missed_something(&self) -> bool {
        use BreachKind::{LinesDiffer, Lost, PaymentDiffers, StatusDiffers, StockDiffers, VersionWentBack};
        let telling = [LinesDiffer, Lost, PaymentDiffers, StatusDiffers, StockDiffers, VersionWentBack];
        self.breaches.iter().any(|breach| telling.contains(&breach.kind))
    }
}

/// Runs the proof and its control. Blocks, on a runtime of its own.
///
/// # Errors
/// The run could not be finished. Breaches are in the report.
pub fn prove(options: CrashOptions) -> Result<CrashReport, LoadError> {
    runtime::block_on(async {
        let run = tokio::time::timeout(RUN_LIMIT, prove_with_control(options)).await;
        run.unwrap_or_else(|_| {
            Err(LoadError::Server(format!("not finished after {} s", RUN_LIMIT.as_secs())))
        })
    })
}

async fn prove_with_control(options: CrashOptions) -> Result<CrashReport, LoadError> {
    let start = Instant::now();
    let mut databases = Databases::new(&options.databases);
    let run = run_cycles(&options, options.cycles, (&mut databases, &[])).await?;
    let fault = [(CONTROL.0.to_owned(), CONTROL.1.to_owned())];
    let control = if run.breaches.is_empty() {
        run_cycles(&options, options.control_cycles, (&mut databases, &fault)).await?
    } else {
        CrashRun::default()
    };
    let control_caught = control.missed_something();
    Ok(CrashReport {
        proof: "crash",
        wall_ms: start.elapsed().as_millis() as u64,
        passed: run.breaches.is_empty() && control_caught,
        control_caught,
        options,
        run,
        control,
    })
}

/// Kills until `cycles` are done or a breach is found.
async fn run_cycles(
    options: &CrashOptions,
    cycles: u32,
    (databases, environment): (&mut Databases, &[(String, String)]),
) -> Result<CrashRun, LoadError> {
    let mut run = CrashRun::default();
    let mut times = Times::default();
    let mut random = Random::new(options.seed);
    while run.cycles < cycles && run.breaches.is_empty() {
        let mut workers = hire(options.clients, random.next_u64());
        let mut nodes = start(options, databases.take()?, environment).await?;
        for _ in 0..CYCLES_PER_DATABASE.min(cycles - run.cycles) {
            let (back, stalled) = load_and_kill(&mut nodes, workers, (&mut random, &mut times)).await?;
            workers = back;
            run.cycles += 1;
            run.report(stalled);
            check_all(&nodes, &mut workers, &mut run).await?;
            if !run.breaches.is_empty() {
                break;
            }
        }
        let breaches = check::check_whole(&nodes.first().client(), &workers).await?;
        run.report(breaches);
        run.acknowledged += workers.iter().map(|worker| worker.acknowledged).sum::<u64>();
        run.orders += workers.iter().map(|worker| worker.orders.len() as u64).sum::<u64>();
    }
    run.ready = times.ready.summary();
    run.others_paused = times.others_paused.summary();
    Ok(run)
}

/// What is measured beside the proof.
#[derive(Default)]
struct Times {
    ready: Latencies,
    others_paused: Latencies,
}

fn hire(clients: u32, seed: u64) -> Vec<Worker> {
    (0..clients).map(|number| Worker::new(Random::stream(seed, u64::from(number)))).collect()
}

async fn start(
    options: &CrashOptions,
    database: Database,
    environment: &[(String, String)],
) -> Result<Nodes, LoadError> {
    let servers = NodesOptions {
        environment: environment.to_vec(),
        ..NodesOptions::new(&options.earmark, database, options.nodes)
    };
    let nodes = Nodes::start_ready(&servers.with_brief_first_calls()).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
    Ok(nodes)
}

/// Lets all workers work until a server is killed under their hands, and the others a little longer.
async fn load_and_kill(
    nodes: &mut Nodes,
    workers: Vec<Worker>,
    (random, times): (&mut Random, &mut Times),
) -> Result<(Vec<Worker>, Option<Breach>), LoadError> {
    let stretch = Arc::new(Stretch::default());
    let commands_open_max = workers.len() as u64;
    let mut tasks = JoinSet::new();
    for (client, worker) in nodes.clients().into_iter().cycle().zip(workers) {
        tasks.spawn(worker.work(client, Arc::clone(&stretch)));
    }
    // To the microsecond, so that the kill meets each part of a batch.
    let load_us = random.between(LOAD_MS.0 * 1_000, LOAD_MS.1 * 1_000);
    tokio::time::sleep(Duration::from_micros(load_us)).await;
    let node = random.below(nodes.len() as u64) as usize;
    nodes.kill(node);
    let mut stalled = None;
    if nodes.len() == 1 {
        stretch.end();
    } else {
        match wait_for_others(&stretch, commands_open_max).await {
            Some(pause) => times.others_paused.record(pause),
            None => {
                let detail = format!("the others did nothing for {} ms", PAUSE_LIMIT.as_millis());
                stalled = Some(Breach::new(BreachKind::Stalled, format!("kill of node {node}"), detail));
            }
        }
    }
    times.ready.record(nodes.restart(node).await?);
    stretch.end();
    let mut back = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        back.push(ended.map_err(|error| LoadError::Server(error.to_string()))?);
    }
    Ok((back, stalled))
}

/// Waits until more was acknowledged than can have been open at the kill. That also closes a race of the comparison: what
/// the dead node left behind in the database has ended by then, because the others have had their turns after it.
async fn wait_for_others(stretch: &Stretch, commands_open_max: u64) -> Option<Duration> {
    let (start, before) = (Instant::now(), stretch.acknowledged());
    while stretch.acknowledged() <= before + commands_open_max {
        if start.elapsed() > PAUSE_LIMIT {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Some(start.elapsed())
}

/// The checks after one restart: the books as they were found, then each worker's orders, then the stock.
async fn check_all(nodes: &Nodes, workers: &mut Vec<Worker>, run: &mut CrashRun) -> Result<(), LoadError> {
    check_books(nodes, run).await?;
    let mut tasks = JoinSet::new();
    // Clients without the connections of the server that is gone; of several nodes, mostly not the one that acknowledged.
    for (client, worker) in nodes.clients().into_iter().cycle().zip(workers.drain(..)) {
        tasks.spawn(check::check_worker(client, worker));
    }
    while let Some(ended) = tasks.join_next().await {
        let checked = ended.map_err(|error| LoadError::Server(error.to_string()))??;
        run.unanswered += u64::from(checked.unanswered);
        run.unanswered_done += u64::from(checked.unanswered_done);
        run.report(checked.breaches);
        workers.push(checked.worker);
    }
    let breaches = check::check_stock(&nodes.first().client(), workers).await?;
    run.report(breaches);
    Ok(())
}

async fn check_books(nodes: &Nodes, run: &mut CrashRun) -> Result<(), LoadError> {
    let verified = nodes.verify(VERIFY_LIMIT).await?;
    if !verified.passed {
        run.report([Breach::new(BreachKind::BooksWrong, "earmark verify after a restart", verified.output)]);
    }
    Ok(())
}

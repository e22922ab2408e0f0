//! Is everything that was acknowledged still there after kill -9? Full load, a kill at a random moment, a restart on the
//! same file, and a comparison of each touched order, of each command without an answer, and of all stock; many times.
//!
//! The proof ends with its negative control: a server that answers before it commits must be found out.

mod check;
mod commands;
mod worker;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

use crate::audit::{Breach, BreachKind};
use crate::client::Client;
use crate::error::LoadError;
use crate::latency::{Latencies, LatencySummary};
use crate::random::{Random, fresh_seed};
use crate::server::{ServerOptions, ServerProcess};
use crate::{catalogue, runtime};
use worker::Worker;

/// Items for sale.
const SKUS: u32 = 500;
/// Units of each: more than all commands can take.
const ON_HAND: u64 = 10_000_000;
/// Load before a kill, milliseconds.
const LOAD_MS: (u64, u64) = (300, 1_300);
/// Kills on one database before a new one is begun, so that reading it whole stays short.
const CYCLES_PER_DATABASE: u32 = 10;
/// What a restarted server may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(30);
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
    /// Kills.
    pub cycles: u32,
    /// Kills of the control at most.
    pub control_cycles: u32,
    /// Connections.
    pub clients: u32,
    /// Seed of all chance.
    pub seed: u64,
}

impl CrashOptions {
    /// The commit-level run: 50 kills.
    #[must_use]
    pub fn new(earmark: impl Into<PathBuf>) -> CrashOptions {
        CrashOptions {
            earmark: earmark.into(),
            cycles: 50,
            control_cycles: 30,
            clients: 64,
            seed: fresh_seed(),
        }
    }
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
    let run = run_cycles(&options, options.cycles, &[]).await?;
    let fault = [(CONTROL.0.to_owned(), CONTROL.1.to_owned())];
    let control = if run.breaches.is_empty() {
        run_cycles(&options, options.control_cycles, &fault).await?
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
    environment: &[(String, String)],
) -> Result<CrashRun, LoadError> {
    let mut run = CrashRun::default();
    let mut ready = Latencies::default();
    let mut random = Random::new(options.seed);
    while run.cycles < cycles && run.breaches.is_empty() {
        let folder = tempfile::Builder::new().prefix("earmark-crash-").tempdir();
        let folder = folder.map_err(LoadError::file(std::env::temp_dir()))?;
        let mut workers = hire(options.clients, random.next_u64());
        let mut server = start(&options.earmark, folder.path(), environment).await?;
        for _ in 0..CYCLES_PER_DATABASE.min(cycles - run.cycles) {
            workers = load_and_kill(&mut server, workers, &mut random).await?;
            server.restart()?;
            ready.record(server.wait_ready(READY_LIMIT).await?);
            run.cycles += 1;
            check_all(&server, &mut workers, &mut run).await?;
            if !run.breaches.is_empty() {
                break;
            }
        }
        let breaches = check::check_whole(&server.client(), &workers).await?;
        run.report(breaches);
        run.acknowledged += workers.iter().map(|worker| worker.acknowledged).sum::<u64>();
        run.orders += workers.iter().map(|worker| worker.orders.len() as u64).sum::<u64>();
    }
    run.ready = ready.summary();
    Ok(run)
}

fn hire(clients: u32, seed: u64) -> Vec<Worker> {
    (0..clients).map(|number| Worker::new(Random::stream(seed, u64::from(number)))).collect()
}

async fn start(
    earmark: &Path,
    folder: &Path,
    environment: &[(String, String)],
) -> Result<ServerProcess, LoadError> {
    let mut options = ServerOptions::new(earmark, folder);
    options.environment = environment.to_vec();
    let mut server = ServerProcess::start(options)?;
    server.wait_ready(READY_LIMIT).await?;
    catalogue::create(&server.client(), u64::from(SKUS), ON_HAND).await?;
    Ok(server)
}

/// Lets all workers work until the server is killed under their hands.
async fn load_and_kill(
    server: &mut ServerProcess,
    workers: Vec<Worker>,
    random: &mut Random,
) -> Result<Vec<Worker>, LoadError> {
    let client = server.client();
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(worker.work(client.clone()));
    }
    // To the microsecond, so that the kill meets each part of a batch.
    let load_us = random.between(LOAD_MS.0 * 1_000, LOAD_MS.1 * 1_000);
    tokio::time::sleep(Duration::from_micros(load_us)).await;
    server.kill();
    let mut back = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        back.push(ended.map_err(|error| LoadError::Server(error.to_string()))?);
    }
    Ok(back)
}

/// The checks after one restart: the books as they were found, then each worker's orders, then the stock.
async fn check_all(
    server: &ServerProcess,
    workers: &mut Vec<Worker>,
    run: &mut CrashRun,
) -> Result<(), LoadError> {
    // A client without the connections of the server that is gone.
    let client: Client = server.client();
    check_books(server, run).await?;
    let mut tasks = JoinSet::new();
    for worker in workers.drain(..) {
        tasks.spawn(check::check_worker(client.clone(), worker));
    }
    while let Some(ended) = tasks.join_next().await {
        let checked = ended.map_err(|error| LoadError::Server(error.to_string()))??;
        run.unanswered += u64::from(checked.unanswered);
        run.unanswered_done += u64::from(checked.unanswered_done);
        run.report(checked.breaches);
        workers.push(checked.worker);
    }
    let breaches = check::check_stock(&client, workers).await?;
    run.report(breaches);
    Ok(())
}

async fn check_books(server: &ServerProcess, run: &mut CrashRun) -> Result<(), LoadError> {
    let verified = server.verify(VERIFY_LIMIT).await?;
    if !verified.passed {
        run.report([Breach::new(BreachKind::BooksWrong, "earmark verify after a restart", verified.output)]);
    }
    Ok(())
}

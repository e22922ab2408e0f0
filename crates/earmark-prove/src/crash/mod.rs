//! Is everything that was acknowledged still there after kill -9? Under full load the server is
//! killed at a random moment and started again on the same database; then each touched order, each
//! command without an answer, and all stock are compared; many times. With several nodes one of
//! them is killed while the others must go on, and comes back while they do.
//!
//! The negative control is a server that answers before it commits: an acknowledged command must be
//! missing.

mod check;
mod client;
mod commands;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::{LoadError, Nodes, NodesOptions, catalogue, tasks};
use earmark_random::{Random, fresh_seed};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind};
use crate::report::{Outcome, Prove, RunAndControl};
use crate::setup::{self, Databases};
use check::ON_HAND;
use client::{LoadClient, LoadPhase, SKUS};

/// Load before a kill, milliseconds.
const LOAD_MS: (u64, u64) = (300, 1_300);
/// Kills on one database before a new one is begun, so that reading it whole stays short.
const CYCLES_PER_DATABASE: u32 = 10;
/// What the other nodes may take to acknowledge anything new after one was killed.
const PAUSE_LIMIT: Duration = Duration::from_secs(5);
/// Breaches that are kept.
const BREACHES_MAX: usize = 20;
/// The fault of the control.
const FAULT: &str = "ack_before_commit";

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Servers on one database: one on a file, several on a PostgreSQL of their own.
    #[arg(long, default_value_t = 1)]
    nodes: u32,
    /// Kills with -9, each followed by a restart.
    #[arg(long, default_value_t = 50)]
    cycles: u32,
    /// Kills of the control at most, which answers before it commits and must be found wrong.
    #[arg(long, default_value_t = 30)]
    control_cycles: u32,
    /// Clients, with one connection each.
    #[arg(long, default_value_t = 64)]
    clients: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Run {
    /// Kills with -9, each followed by a restart.
    pub(crate) cycles: u32,
    /// Commands that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Of these, orders that were placed.
    pub(crate) orders: u64,
    /// Commands that had no answer when the server was killed.
    pub(crate) unanswered: u64,
    /// Of those, how many had happened all the same.
    pub(crate) unanswered_done: u64,
    /// From each restart until the server was ready again.
    pub(crate) ready: LatencySummary,
    /// From each kill until the other nodes acknowledged a command that was sent after it.
    pub(crate) others_paused: LatencySummary,
    /// What is wrong, the first of it.
    pub(crate) breaches: Vec<Breach>,
}

impl Run {
    fn report(&mut self, breaches: impl IntoIterator<Item = Breach>) {
        let room = BREACHES_MAX - self.breaches.len();
        self.breaches.extend(breaches.into_iter().take(room));
    }

    /// True if something acknowledged was missed, as it must be of a server that answers too early.
    fn missed_something(&self) -> bool {
        use BreachKind::{LinesDiffer, Lost, PaymentDiffers, StatusDiffers, StockDiffers, VersionWentBack};
        let kinds = [LinesDiffer, Lost, PaymentDiffers, StatusDiffers, StockDiffers, VersionWentBack];
        self.breaches.iter().any(|breach| kinds.contains(&breach.kind))
    }
}

impl Prove for Options {
    type Figures = RunAndControl<Run>;

    const RUN_LIMIT: Option<Duration> = Some(Duration::from_secs(1_200));

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let servers = Servers { earmark, databases: Databases::for_nodes(self.nodes).await? };
        let run = self.run_cycles(&servers, self.cycles, None).await?;
        let control = if run.breaches.is_empty() {
            self.run_cycles(&servers, self.control_cycles, Some(FAULT)).await?
        } else {
            Run::default()
        };
        let control_caught = Some(control.missed_something());
        let is_right = run.breaches.is_empty();
        Ok(Outcome { figures: RunAndControl { run, control }, is_right, control_caught })
    }
}

/// The binary, and where its servers store their data.
struct Servers<'a> {
    earmark: &'a Path,
    databases: Databases,
}

impl Options {
    /// Kills until `cycles` are done or a breach is found.
    async fn run_cycles(
        &self,
        servers: &Servers<'_>,
        cycles: u32,
        fault: Option<&str>,
    ) -> Result<Run, LoadError> {
        let mut run = Run::default();
        let mut times = Times::default();
        let mut random = Random::new(self.seed);
        while run.cycles < cycles && run.breaches.is_empty() {
            let seed = random.next_u64();
            let client = |number| LoadClient::new(Random::stream(seed, u64::from(number)));
            let mut clients: Vec<_> = (0..self.clients).map(client).collect();
            let mut nodes = self.start(servers, fault).await?;
            for _ in 0..CYCLES_PER_DATABASE.min(cycles - run.cycles) {
                let stalled = load_and_kill(&mut nodes, &mut clients, &mut random, &mut times).await?;
                run.cycles += 1;
                run.report(stalled);
                check_all(&nodes, &mut clients, &mut run).await?;
                if !run.breaches.is_empty() {
                    break;
                }
            }
            let breaches = check::check_whole(&nodes.first().client(), &clients).await?;
            run.report(breaches);
            run.acknowledged += clients.iter().map(|load| load.acknowledged).sum::<u64>();
            run.orders += clients.iter().map(|load| load.orders.len() as u64).sum::<u64>();
        }
        run.ready = times.ready.summary();
        run.others_paused = times.others_paused.summary();
        Ok(run)
    }

    async fn start(&self, servers: &Servers<'_>, fault: Option<&str>) -> Result<Nodes, LoadError> {
        let database = servers.databases.create()?;
        let options = NodesOptions {
            environment: setup::fault_environment(fault),
            ..NodesOptions::new(servers.earmark, database, self.nodes)
        };
        let nodes = Nodes::start_ready(&setup::with_brief_first_calls(options)).await?;
        catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
        Ok(nodes)
    }
}

/// What is measured beside the proof.
#[derive(Default)]
struct Times {
    ready: Latencies,
    others_paused: Latencies,
}

/// Lets all clients work until a server is killed, and those of the other nodes a little longer.
async fn load_and_kill(
    nodes: &mut Nodes,
    clients: &mut Vec<LoadClient>,
    random: &mut Random,
    times: &mut Times,
) -> Result<Option<Breach>, LoadError> {
    let phase = Arc::new(LoadPhase::default());
    let commands_open_max = clients.len() as u64;
    let mut working = JoinSet::new();
    for (client, load) in nodes.clients().into_iter().cycle().zip(clients.drain(..)) {
        working.spawn(load.work(client, Arc::clone(&phase)));
    }
    // To the microsecond, so that the kill meets each part of a batch.
    let load_us = random.between(LOAD_MS.0 * 1_000, LOAD_MS.1 * 1_000);
    tokio::time::sleep(Duration::from_micros(load_us)).await;
    let node = random.below(nodes.len() as u64) as usize;
    nodes.kill(node);
    let mut stalled = None;
    if nodes.len() == 1 {
        phase.end();
    } else {
        match wait_for_others(&phase, commands_open_max).await {
            Some(pause) => times.others_paused.record(pause),
            None => {
                let detail = format!("the others did nothing for {} ms", PAUSE_LIMIT.as_millis());
                stalled = Some(Breach::new(BreachKind::Stalled, format!("kill of node {node}"), detail));
            }
        }
    }
    times.ready.record(nodes.restart(node).await?);
    phase.end();
    while let Some(ended) = working.join_next().await {
        clients.push(ended?);
    }
    Ok(stalled)
}

/// Waits until more was acknowledged than can have been open at the kill. That also closes a race
/// of the comparison: what the dead node left behind in the database has ended by then, because the
/// others have had their turns after it.
async fn wait_for_others(phase: &LoadPhase, commands_open_max: u64) -> Option<Duration> {
    let (start, before) = (Instant::now(), phase.acknowledged());
    while phase.acknowledged() <= before + commands_open_max {
        if start.elapsed() > PAUSE_LIMIT {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Some(start.elapsed())
}

/// The checks after one restart: what is stored as it was found, then each client's orders, then
/// stock.
async fn check_all(nodes: &Nodes, clients: &mut Vec<LoadClient>, run: &mut Run) -> Result<(), LoadError> {
    run.report(setup::verify(nodes).await?);
    let mut checking = JoinSet::new();
    // Clients without the connections of the server that is gone; of several nodes, mostly not the
    // one that acknowledged.
    for (client, load) in nodes.clients().into_iter().cycle().zip(clients.drain(..)) {
        checking.spawn(check::check_client(client, load));
    }
    for checked in tasks::join_all(checking).await? {
        run.unanswered += u64::from(checked.unanswered);
        run.unanswered_done += u64::from(checked.unanswered_done);
        run.report(checked.breaches);
        clients.push(checked.load);
    }
    let breaches = check::check_stock(&nodes.first().client(), clients).await?;
    run.report(breaches);
    Ok(())
}

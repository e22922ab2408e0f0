//! What does a node hold up that stands still in the middle of a batch? It is stopped while the turn is its own; the others
//! go on within five seconds, and its customers order elsewhere, with the same keys. When it goes on, it must not write what
//! it held, and must serve again by itself.
//!
//! Its negative control is a session that holds the turn and that no limit ends: the same watch must say that nobody
//! went on in time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterError, Psql, process};
use earmark_load::audit::{Breach, BreachKind};
use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::random::{Random, fresh_seed};
use earmark_load::{LoadError, catalogue, runtime};
use serde::Serialize;

use crate::books::{self, Counts, Stock};
use crate::findings::Findings;
use crate::stage::{Fleet, aside, database};
use crate::writers::{Crew, Nodes, Plan, Progress};

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 3;
const WRITERS: usize = 48;
/// How long the others may stand.
const GO_ON_MAX: Duration = Duration::from_secs(5);
/// How long they are watched, and a node that went on.
const PATIENCE: Duration = Duration::from_secs(30);
/// A node stays stopped for so long after the others went on: its customers order elsewhere meanwhile.
const STOPPED: Duration = Duration::from_millis(1_500);
/// What a client waits for an answer before it asks elsewhere.
const DEADLINE: Duration = Duration::from_secs(1);
/// Load between two tries to stop a node at the right moment, milliseconds.
const BETWEEN_MS: (u64, u64) = (20, 120);
const TRIES_MAX: u32 = 400;
/// Holds the turn for longer than anybody may stand.
const HOLD: &str = "SET idle_in_transaction_session_timeout = 0; BEGIN; \
    SELECT id FROM streams FOR UPDATE \\g /dev/null
SELECT pg_sleep(7) \\g /dev/null
COMMIT;";

/// The settings of the proof.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
    /// Nodes stopped in their turn.
    #[arg(long, default_value_t = 5)]
    stops: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

/// The verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    proof: &'static str,
    options: Options,
    run: Run,
    /// How long everybody stood in the control, milliseconds.
    control_stood_ms: u64,
    control_caught: bool,
    wall_ms: u64,
    pub(crate) passed: bool,
}

#[derive(Debug, Default, Serialize)]
struct Run {
    /// Nodes stopped while they held the turn, and stops that missed it.
    stops: u32,
    missed: u32,
    orders: Counts,
    /// From each stop until every other node had answered.
    went_on: LatencySummary,
    /// From each end of a stop until that node had answered.
    served_again: LatencySummary,
    findings: Findings,
}

pub(crate) fn prove(options: Options) -> Result<Report, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let (run, control_stood) = stall(&options.earmark, options.stops, options.seed).await?;
        let control_caught = control_stood > GO_ON_MAX;
        let in_time = run.went_on.max_us <= GO_ON_MAX.as_micros() as u64;
        let passed = run.findings.none() && in_time && run.stops == options.stops && control_caught;
        let (wall_ms, control_stood_ms) =
            (start.elapsed().as_millis() as u64, control_stood.as_millis() as u64);
        Ok(Report { proof: "stalled-node", options, run, control_stood_ms, control_caught, wall_ms, passed })
    })
}

async fn stall(earmark: &Path, stops: u32, seed: u64) -> Result<(Run, Duration), LoadError> {
    let cluster = aside(Cluster::start).await?;
    let url = cluster.create_database().map_err(database)?;
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let urls: Vec<String> =
        (0..NODES).map(|node| format!("{url}?application_name={}", node_name(node))).collect();
    let mut fleet = Fleet::start(earmark, &urls, None).await?;
    catalogue::create(&fleet.client(), u64::from(SKUS), ON_HAND).await?;

    let plan = Plan { nodes: Nodes::Home, ..Plan::new(SKUS) };
    let crew = Crew::start(&fleet.clients(DEADLINE), &plan, WRITERS, seed);
    let mut watch = Watch { fleet: &fleet, crew: &crew, psql: cluster.psql(), random: Random::new(seed) };
    let mut run = Run::default();
    let (mut went_on, mut served_again) = (Latencies::default(), Latencies::default());
    for _ in 0..stops {
        let (node, stopped) = watch.stop_in_its_turn(&mut run.missed).await?;
        went_on.record(watch.others_go_on(Some(node), stopped).await?);
        tokio::time::sleep(STOPPED).await;
        let resumed = watch.resume(node);
        served_again.record(watch.goes_on(node, resumed).await?);
        run.stops += 1;
    }
    (run.went_on, run.served_again) = (went_on.summary(), served_again.summary());
    let control_stood = control(&watch, name).await?;

    let mut writers = crew.stop().await?;
    run.findings.add(writers.iter_mut().flat_map(|writer| writer.breaches.drain(..)));
    run.findings.add(fleet.ended());
    let (orders, breaches) = books::check(&fleet, &writers, Stock { skus: SKUS, on_hand: ON_HAND }).await?;
    run.orders = orders;
    run.findings.add(breaches);
    if orders.unknown > 0 {
        let detail = format!("{} orders without an answer for good", orders.unknown);
        run.findings.add([Breach::new(BreachKind::Refused, "orders", detail)]);
    }
    Ok((run, control_stood))
}

/// A session of ours holds the turn, and everybody stands.
async fn control(watch: &Watch<'_>, name: String) -> Result<Duration, LoadError> {
    let psql = watch.psql.clone();
    let holder = tokio::spawn(aside(move || psql.query(&name, HOLD)));
    // The turn is its own before long; what was committed until then does not count.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stood = watch.others_go_on(None, Instant::now()).await?;
    holder.await.map_err(|error| LoadError::Server(error.to_string()))??;
    Ok(stood)
}

fn node_name(node: usize) -> String {
    format!("node{node}")
}

struct Watch<'a> {
    fleet: &'a Fleet,
    crew: &'a Crew,
    psql: Psql,
    random: Random,
}

impl Watch<'_> {
    /// Stops nodes until one is met in the middle of its batch; returns which, and when it was stopped.
    async fn stop_in_its_turn(&mut self, missed: &mut u32) -> Result<(usize, Instant), LoadError> {
        for _ in 0..TRIES_MAX {
            let pause = self.random.between(BETWEEN_MS.0, BETWEEN_MS.1);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let node = self.random.below(NODES as u64) as usize;
            let Some(pid) = self.fleet.servers[node].pid() else { continue };
            let stopped = Instant::now();
            process::stop(pid);
            // What it had sent is carried out before long; from then on its session says where it stands.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let psql = self.psql.clone();
            if aside(move || holds_the_turn(&psql, node)).await? {
                return Ok((node, stopped));
            }
            process::resume(pid);
            *missed += 1;
        }
        Err(LoadError::Server(format!("no node was met in its turn in {TRIES_MAX} tries")))
    }

    /// Waits until every node but the one that stands has answered since `since`.
    async fn others_go_on(&self, stopped: Option<usize>, since: Instant) -> Result<Duration, LoadError> {
        let before: Vec<u64> = (0..NODES).map(|node| self.crew.progress.at(node)).collect();
        let go_on = |progress: &Progress| {
            (0..NODES).all(|node| Some(node) == stopped || progress.at(node) > before[node])
        };
        self.crew.wait(PATIENCE, "the other nodes go on", go_on).await?;
        Ok(since.elapsed())
    }

    fn resume(&self, node: usize) -> Instant {
        if let Some(pid) = self.fleet.servers[node].pid() {
            process::resume(pid);
        }
        Instant::now()
    }

    async fn goes_on(&self, node: usize, since: Instant) -> Result<Duration, LoadError> {
        let before = self.crew.progress.at(node);
        self.crew.wait(PATIENCE, "it serves again", |progress| progress.at(node) > before).await?;
        Ok(since.elapsed())
    }
}

/// Its session is in a transaction, has nothing to do, and others wait for what it holds.
fn holds_the_turn(psql: &Psql, node: usize) -> Result<bool, ClusterError> {
    let name = node_name(node);
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity held WHERE application_name = '{name}' \
         AND state = 'idle in transaction' \
         AND EXISTS (SELECT 1 FROM pg_stat_activity waiting WHERE held.pid = ANY (pg_blocking_pids(waiting.pid)))"
    );
    psql.query("postgres", &sql).map(|count| count != "0")
}

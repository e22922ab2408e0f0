//! What does a node hold up that stands still in the middle of a batch? It is stopped while it
//! holds the turn. The others go on within five seconds, and its clients send the same commands to
//! them, with the same keys. When it is resumed, it must not write what it held, and must serve
//! again by itself.
//!
//! The negative control is a session that holds the turn and that no limit ends: the same
//! measurement must show that no node went on in time.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_cluster::{ClusterError, Psql, process};
use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::{LoadError, Nodes, catalogue};
use earmark_random::{Random, fresh_seed};
use serde::Serialize;

use crate::check::{Breach, BreachKind, Findings};
use crate::placements::{self, Counts, Stock};
use crate::report::{Outcome, Prove};
use crate::setup::{aside, start_cluster, start_nodes};
use crate::writers::{Plan, Progress, SendTo, Writers};

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 3;
const WRITERS: usize = 48;
/// How long the others may stand.
const GO_ON_MAX: Duration = Duration::from_secs(5);
/// What is waited at most for the others to go on, and for a node that was resumed to serve.
const PATIENCE: Duration = Duration::from_secs(30);
/// A node stays stopped for so long after the others went on: its clients send to them meanwhile.
const STOPPED: Duration = Duration::from_millis(1_500);
/// What a client waits for an answer before it sends to another node.
const DEADLINE: Duration = Duration::from_secs(1);
/// Load between two tries to stop a node at the right moment, milliseconds.
const BETWEEN_MS: (u64, u64) = (20, 120);
const TRIES_MAX: u32 = 400;
/// Holds the turn for longer than any node may stand.
const HOLD: &str = "SET idle_in_transaction_session_timeout = 0; BEGIN; \
    SELECT id FROM streams FOR UPDATE \\g /dev/null
SELECT pg_sleep(7) \\g /dev/null
COMMIT;";

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Nodes stopped in their turn.
    #[arg(long, default_value_t = 5)]
    stops: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    run: Run,
    /// How long all nodes stood in the control, milliseconds.
    control_stood_ms: u64,
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

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let (run, control_stood) = stall(earmark, self.stops, self.seed).await?;
        let in_time = run.went_on.max_us <= GO_ON_MAX.as_micros() as u64;
        Ok(Outcome {
            is_right: run.findings.none() && in_time && run.stops == self.stops,
            control_caught: Some(control_stood > GO_ON_MAX),
            figures: Figures { run, control_stood_ms: control_stood.as_millis() as u64 },
        })
    }
}

async fn stall(earmark: &Path, stops: u32, seed: u64) -> Result<(Run, Duration), LoadError> {
    let (cluster, url) = start_cluster().await?;
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let urls = (0..NODES).map(|node| format!("{url}?application_name={}", node_name(node))).collect();
    let mut nodes = start_nodes(earmark, urls, None).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;

    let plan = Plan { send_to: SendTo::Home, ..Plan::new(SKUS) };
    let writers = Writers::start(&nodes.clients_within(DEADLINE), &plan, WRITERS, seed);
    let (psql, random) = (cluster.psql(), Random::new(seed));
    let mut watch = Watch { nodes: &nodes, writers: &writers, psql, random };
    let mut run = Run::default();
    let (mut went_on, mut served_again) = (Latencies::default(), Latencies::default());
    for _ in 0..stops {
        let (node, stopped) = watch.stop_holding_the_turn(&mut run.missed).await?;
        went_on.record(watch.others_go_on(Some(node), stopped).await?);
        tokio::time::sleep(STOPPED).await;
        let resumed = watch.resume(node);
        served_again.record(watch.goes_on(node, resumed).await?);
        run.stops += 1;
    }
    (run.went_on, run.served_again) = (went_on.summary(), served_again.summary());
    let control_stood = control(&watch, name).await?;

    let mut writers = writers.stop().await?;
    let stock = Stock { skus: SKUS, on_hand: ON_HAND };
    let (orders, breaches) = placements::check(&mut nodes, &mut writers, stock).await?;
    run.orders = orders;
    run.findings.add(breaches);
    if orders.unknown > 0 {
        let detail = format!("{} orders without an answer for good", orders.unknown);
        run.findings.add([Breach::new(BreachKind::Refused, "orders", detail)]);
    }
    Ok((run, control_stood))
}

/// A session of ours holds the turn, and all nodes stand.
async fn control(watch: &Watch<'_>, name: String) -> Result<Duration, LoadError> {
    let psql = watch.psql.clone();
    let holder = tokio::spawn(aside(move || psql.query(&name, HOLD)));
    // It holds the turn before long; what was committed until then does not count.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stood = watch.others_go_on(None, Instant::now()).await?;
    holder.await.map_err(|error| LoadError::Server(error.to_string()))??;
    Ok(stood)
}

fn node_name(node: usize) -> String {
    format!("node{node}")
}

struct Watch<'a> {
    nodes: &'a Nodes,
    writers: &'a Writers,
    psql: Psql,
    random: Random,
}

impl Watch<'_> {
    /// Stops nodes until one of them holds the turn then; returns which, and when it was stopped.
    async fn stop_holding_the_turn(&mut self, missed: &mut u32) -> Result<(usize, Instant), LoadError> {
        for _ in 0..TRIES_MAX {
            let pause = self.random.between(BETWEEN_MS.0, BETWEEN_MS.1);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let node = self.random.below(NODES as u64) as usize;
            let Some(pid) = self.nodes.get(node).pid() else { continue };
            let stopped = Instant::now();
            process::stop(pid);
            // What it had sent is carried out before long; from then on its session says where it
            // stands.
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
        let before: Vec<u64> = (0..NODES).map(|node| self.writers.progress.at(node)).collect();
        let go_on = |progress: &Progress| {
            (0..NODES).all(|node| Some(node) == stopped || progress.at(node) > before[node])
        };
        self.writers.wait(PATIENCE, "the other nodes go on", go_on).await?;
        Ok(since.elapsed())
    }

    fn resume(&self, node: usize) -> Instant {
        if let Some(pid) = self.nodes.get(node).pid() {
            process::resume(pid);
        }
        Instant::now()
    }

    async fn goes_on(&self, node: usize, since: Instant) -> Result<Duration, LoadError> {
        let before = self.writers.progress.at(node);
        self.writers.wait(PATIENCE, "it serves again", |progress| progress.at(node) > before).await?;
        Ok(since.elapsed())
    }
}

/// Whether a session of the node is idle in a transaction while other sessions wait for its locks.
fn holds_the_turn(psql: &Psql, node: usize) -> Result<bool, ClusterError> {
    let name = node_name(node);
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity held WHERE application_name = '{name}' \
         AND state = 'idle in transaction' \
         AND EXISTS (SELECT 1 FROM pg_stat_activity waiting WHERE held.pid = ANY (pg_blocking_pids(waiting.pid)))"
    );
    psql.query("postgres", &sql).map(|count| count != "0")
}

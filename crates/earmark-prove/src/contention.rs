//! Do many writers on few rows hinder each other? 64 writers order 10 SKUs at four nodes: there is
//! no deadlock, no client sees a conflict, and stock is exact.
//!
//! It runs twice: as it is, and with the turns switched off, so that conflicts and deadlocks are
//! many and must be absorbed. The negative control is a deadlock made on purpose in the same
//! database, which the same count must find.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterError};
use earmark_load::latency::{Latencies, LatencySummary, per_second};
use earmark_load::{LoadError, catalogue};
use earmark_random::fresh_seed;
use serde::Serialize;

use crate::check::{Breach, BreachKind, Findings};
use crate::placements::{self, Counts, Stock};
use crate::report::{Outcome, Prove};
use crate::sending::TryResult;
use crate::setup::{aside, database_error, start_cluster, start_nodes};
use crate::writers::{Plan, Writers};

const SKUS: u32 = 10;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 4;
const WRITERS: usize = 64;
const DEADLINE: Duration = Duration::from_secs(20);
/// Batches meet all the time, and versions keep them apart.
const NO_TURNS: &str = "no_turns";

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Seconds of load with turns.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seconds of load without turns.
    #[arg(long, default_value_t = 8)]
    seconds_without_turns: u64,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    run: Run,
    without_turns: Run,
}

#[derive(Debug, Default, Serialize)]
struct Run {
    seconds: u64,
    orders: Counts,
    commands_per_second: u64,
    requests: LatencySummary,
    /// 503 on the way, each with `retryable` and `Retry-After`.
    told_to_try_again: u64,
    deadlocks: u64,
    /// Transactions that the database saw rolled back: conflicts that were absorbed.
    rolled_back: u64,
    findings: Findings,
}

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let (run, cluster) = contend(earmark, self.seconds, self.seed, None).await?;
        let control_caught = aside(move || deadlock_is_found(&cluster)).await?;
        let (without_turns, _) =
            contend(earmark, self.seconds_without_turns, self.seed, Some(NO_TURNS)).await?;
        // Without conflicts nothing was absorbed.
        let absorbed = without_turns.rolled_back > 0;
        let is_right = run.findings.none() && without_turns.findings.none() && absorbed;
        let figures = Figures { run, without_turns };
        Ok(Outcome { figures, is_right, control_caught: Some(control_caught) })
    }
}

async fn contend(
    earmark: &Path,
    seconds: u64,
    seed: u64,
    fault: Option<&str>,
) -> Result<(Run, Cluster), LoadError> {
    let (cluster, url) = start_cluster().await?;
    let mut nodes = start_nodes(earmark, vec![url; NODES], fault).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
    let plan = Plan { lines_max: 5, cancel_percent: 30, ..Plan::new(SKUS) };
    let (before, start) = (rolled_back(&cluster).map_err(database_error)?, Instant::now());
    let writers = Writers::start(&nodes.clients_within(DEADLINE), &plan, WRITERS, seed);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let commands_per_second = per_second(writers.progress.all(), start.elapsed());
    let mut writers = writers.stop().await?;

    let mut run = Run { seconds, commands_per_second, ..Run::default() };
    run.rolled_back = rolled_back(&cluster).map_err(database_error)?.saturating_sub(before);
    let mut requests = Latencies::default();
    for one in writers.iter().flat_map(|writer| &writer.tries) {
        requests.record(one.took);
        run.told_to_try_again += u64::from(one.result == TryResult::Answer(503));
    }
    run.requests = requests.summary();
    let stock = Stock { skus: SKUS, on_hand: ON_HAND };
    let (orders, breaches) = placements::check(&mut nodes, &mut writers, stock).await?;
    run.orders = orders;
    run.findings.add(breaches);
    // A session hands its counts over at its end, at the latest.
    drop(nodes);
    run.deadlocks = deadlocks(&cluster).map_err(database_error)?;
    // Without turns they are to be expected, and to be absorbed like any other conflict.
    if run.deadlocks > 0 && fault.is_none() {
        let detail = format!("{} of them", run.deadlocks);
        run.findings.add([Breach::new(BreachKind::Refused, "deadlocks", detail)]);
    }
    Ok((run, cluster))
}

fn rolled_back(cluster: &Cluster) -> Result<u64, ClusterError> {
    let count = "SELECT sum(xact_rollback) FROM pg_stat_database WHERE datname LIKE 'earmark%'";
    cluster.query(count).map(|shown| shown.parse().unwrap_or_default())
}

/// Deadlocks by the count of the database or by its log, whichever is more.
fn deadlocks(cluster: &Cluster) -> Result<u64, ClusterError> {
    let shown = cluster.query("SELECT sum(deadlocks) FROM pg_stat_database")?;
    let logged = cluster.log().matches("deadlock detected").count() as u64;
    Ok(logged.max(shown.parse().unwrap_or_default()))
}

/// Two sessions that take two rows in opposite order.
fn deadlock_is_found(cluster: &Cluster) -> Result<bool, ClusterError> {
    let before = deadlocks(cluster)?;
    cluster.query("CREATE TABLE two (a int PRIMARY KEY); INSERT INTO two VALUES (1), (2)")?;
    let take = |first: u32, second: u32| {
        let lock = |row| format!("SELECT a FROM two WHERE a = {row} FOR UPDATE;");
        cluster.query(&format!("BEGIN; {} SELECT pg_sleep(1); {} COMMIT;", lock(first), lock(second)))
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| take(2, 1));
        let this = take(1, 2);
        let that = other.join();
        // One of the two is the victim.
        let refused = this.is_err() || that.is_ok_and(|that| that.is_err());
        Ok(refused && deadlocks(cluster)? > before)
    })
}

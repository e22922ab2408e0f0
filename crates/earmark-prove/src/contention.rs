//! Do many writers on few rows get in each other's way? 64 writers, 10 SKUs, four nodes: no deadlock, no conflict shown to
//! anybody, exact stock.
//!
//! Twice: as it is, and with the turns switched off, so that conflicts and deadlocks are many and must be absorbed.
//! Its negative control is a deadlock made on purpose in the same database, which the same look must find.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterError};
use earmark_load::audit::{Breach, BreachKind};
use earmark_load::latency::{Latencies, LatencySummary, per_second};
use earmark_load::random::fresh_seed;
use earmark_load::{LoadError, catalogue, runtime};
use serde::Serialize;

use crate::books::{self, Counts, Stock};
use crate::errand::Got;
use crate::findings::Findings;
use crate::stage::{Fleet, aside, database};
use crate::writers::{Crew, Plan};

const SKUS: u32 = 10;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 4;
const WRITERS: usize = 64;
const DEADLINE: Duration = Duration::from_secs(20);
/// Batches meet all the time, and versions keep them apart.
const NO_TURNS: &str = "no_turns";

/// The settings of the proof.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
    /// Load with turns.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Load without turns.
    #[arg(long, default_value_t = 15)]
    seconds_without_turns: u64,
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
    without_turns: Run,
    /// A deadlock made on purpose was found.
    control_caught: bool,
    wall_ms: u64,
    pub(crate) passed: bool,
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

pub(crate) fn prove(options: Options) -> Result<Report, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let (earmark, seed) = (&options.earmark, options.seed);
        let (run, cluster) = contend(earmark, (options.seconds, seed), None).await?;
        let control_caught = aside(move || deadlock_is_found(&cluster)).await?;
        let (without_turns, _) =
            contend(earmark, (options.seconds_without_turns, seed), Some(NO_TURNS)).await?;
        // Without conflicts nothing was absorbed.
        let absorbed = without_turns.rolled_back > 0;
        let passed = run.findings.none() && without_turns.findings.none() && absorbed && control_caught;
        let wall_ms = start.elapsed().as_millis() as u64;
        Ok(Report { proof: "contention", options, run, without_turns, control_caught, wall_ms, passed })
    })
}

async fn contend(
    earmark: &Path,
    (seconds, seed): (u64, u64),
    fault: Option<&str>,
) -> Result<(Run, Cluster), LoadError> {
    let cluster = aside(Cluster::start).await?;
    let url = cluster.create_database().map_err(database)?;
    let mut fleet = Fleet::start(earmark, &vec![url; NODES], fault).await?;
    catalogue::create(&fleet.client(), u64::from(SKUS), ON_HAND).await?;
    let plan = Plan { lines_max: 5, cancel_percent: 30, ..Plan::new(SKUS) };
    let (before, start) = (rolled_back(&cluster).map_err(database)?, Instant::now());
    let crew = Crew::start(&fleet.clients(DEADLINE), &plan, WRITERS, seed);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let commands_per_second = per_second(crew.progress.all(), start.elapsed());
    let mut writers = crew.stop().await?;

    let mut run = Run { seconds, commands_per_second, ..Run::default() };
    run.rolled_back = rolled_back(&cluster).map_err(database)?.saturating_sub(before);
    run.findings.add(writers.iter_mut().flat_map(|writer| writer.breaches.drain(..)));
    run.findings.add(fleet.ended());
    let mut requests = Latencies::default();
    for one in writers.iter().flat_map(|writer| &writer.tries) {
        requests.record(one.took);
        run.told_to_try_again += u64::from(one.got == Got::Answer(503));
    }
    run.requests = requests.summary();
    let (orders, breaches) = books::check(&fleet, &writers, Stock { skus: SKUS, on_hand: ON_HAND }).await?;
    run.orders = orders;
    run.findings.add(breaches);
    // A session tells its counts at its end, at the latest.
    drop(fleet);
    run.deadlocks = deadlocks(&cluster).map_err(database)?;
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

/// As the database has counted them, and as its log tells them: whichever is more.
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

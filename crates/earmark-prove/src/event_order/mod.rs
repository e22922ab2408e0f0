//! Does a reader with a cursor see every event once, and in order? Readers poll at full speed, with pages of all sizes and at
//! whichever node, while four nodes write, their commits are held back at random, and nodes are killed.
//!
//! Its negative control takes numbers from a plain sequence, without turns: a number becomes visible after a later one, and
//! the same readers must miss it.

mod reader;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, TcpProxy};
use earmark_load::random::{Random, fresh_seed};
use earmark_load::{LoadError, catalogue, runtime};
use serde::Serialize;

use crate::books::{self, Counts, Stock};
use crate::findings::Findings;
use crate::report::Report;
use crate::stage::{Fleet, READY_LIMIT, aside, database};
use crate::writers::{Crew, Plan};
use reader::{Readers, Seen};

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 4;
const WRITERS: usize = 256;
/// Pages of the readers; 0: another size each time.
const LIMITS: [u64; 4] = [200, 0, 50, 7];
/// So many of a hundred commits are held back, for so long at most.
const DELAYED_PERCENT: u64 = 5;
const DELAY_MAX: Duration = Duration::from_millis(500);
/// Between two kills, milliseconds.
const KILL_MS: (u64, u64) = (1_500, 4_000);
const DEADLINE: Duration = Duration::from_secs(20);
const RUN_LIMIT: Duration = Duration::from_secs(600);
const FAULT: &str = "plain_sequence";

/// The settings of the proof.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
    /// Events written.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Events of the control at most.
    #[arg(long, default_value_t = 30_000)]
    control_events: u64,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Run {
    /// Events in the books at the end.
    events: u64,
    /// Nodes killed and started again.
    kills: u32,
    /// Commits that went through the proxies.
    commits: u64,
    /// Pages that the readers read.
    pages: u64,
    orders: Counts,
    findings: Findings,
}

pub(crate) fn prove(options: Options) -> Result<Report<Options, Run>, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let run = read(&options.earmark, (options.events, options.seed), None).await?;
        let control = read(&options.earmark, (options.control_events, options.seed), Some(FAULT)).await?;
        let control_caught = control.findings.first.iter().any(reader::is_about_events);
        let passed = run.findings.none() && run.events >= options.events && control_caught;
        let wall_ms = start.elapsed().as_millis() as u64;
        Ok(Report { proof: "event-order", options, run, control, control_caught, wall_ms, passed })
    })
}

async fn read(earmark: &Path, (events, seed): (u64, u64), fault: Option<&str>) -> Result<Run, LoadError> {
    let cluster = aside(Cluster::start).await?;
    let url = cluster.create_database().map_err(database)?;
    let name = url.rsplit('/').next().unwrap_or_default();
    let proxy = |_| TcpProxy::start(cluster.port()).map_err(database);
    let proxies = (0..NODES).map(proxy).collect::<Result<Vec<_>, _>>()?;
    let urls: Vec<String> =
        proxies.iter().map(|proxy| cluster.url_at(&proxy.address().to_string(), name)).collect();
    let mut fleet = Fleet::start(earmark, &urls, fault).await?;
    catalogue::create(&fleet.client(), u64::from(SKUS), ON_HAND).await?;
    proxies.iter().for_each(|proxy| proxy.delay_commits(DELAYED_PERCENT, DELAY_MAX));

    let clients = fleet.clients(DEADLINE);
    let readers = Readers::start(&clients, &LIMITS, seed);
    let plan = Plan { lines_max: 1, cancel_percent: 60, ..Plan::new(SKUS) };
    let crew = Crew::start(&clients, &plan, WRITERS, seed);
    let mut run = Run::default();
    let mut random = Random::new(seed);
    let start = Instant::now();
    while readers.furthest() < events && !readers.found_something() && start.elapsed() < RUN_LIMIT {
        let pause = random.between(KILL_MS.0, KILL_MS.1);
        readers.wait(events, Duration::from_millis(pause)).await;
        let number = random.below(NODES as u64) as usize;
        fleet.servers[number].kill();
        fleet.servers[number].restart()?;
        fleet.servers[number].wait_ready(READY_LIMIT).await?;
        run.kills += 1;
    }
    let mut writers = crew.stop().await?;
    run.findings.add(fleet.ended());
    let stock = Stock { skus: SKUS, on_hand: ON_HAND };
    let (orders, breaches) = books::check(&fleet, &writers, stock).await?;
    let seen = readers.stop(&fleet.client()).await?;
    run.orders = orders;
    run.events = seen.iter().map(Seen::count).max().unwrap_or_default();
    run.pages = seen.iter().map(|seen| seen.pages).sum();
    run.commits = proxies.iter().map(TcpProxy::commits_seen).sum();
    run.findings.add(reader::judge(seen, &writers));
    run.findings.add(writers.iter_mut().flat_map(|writer| writer.breaches.drain(..)));
    run.findings.add(breaches);
    Ok(run)
}

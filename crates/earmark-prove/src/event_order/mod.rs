//! Does a reader with a cursor see every event once, and in order? Readers poll at full speed, with
//! pages of all sizes and at any node, while four nodes write, their commits are held back at
//! random, and nodes are killed.
//!
//! The negative control takes numbers from a plain sequence, without turns. A number then becomes
//! visible after a later one, and the same readers must miss it.

mod reader;

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_cluster::TcpProxy;
use earmark_load::{LoadError, catalogue};
use earmark_random::{Random, fresh_seed};
use serde::Serialize;

use crate::check::Findings;
use crate::placements::{self, Counts, Stock};
use crate::report::{Outcome, Prove, RunAndControl};
use crate::setup::{database_error, start_cluster, start_nodes};
use crate::writers::{Plan, Writers};
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

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Events that are written.
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
    /// Events that are stored at the end.
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

impl Prove for Options {
    type Figures = RunAndControl<Run>;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let run = read(earmark, self.events, self.seed, None).await?;
        let control = read(earmark, self.control_events, self.seed, Some(FAULT)).await?;
        let control_caught = Some(control.findings.first.iter().any(reader::is_about_events));
        let is_right = run.findings.none() && run.events >= self.events;
        Ok(Outcome { figures: RunAndControl { run, control }, is_right, control_caught })
    }
}

async fn read(earmark: &Path, events: u64, seed: u64, fault: Option<&str>) -> Result<Run, LoadError> {
    let (cluster, url) = start_cluster().await?;
    let name = url.rsplit('/').next().unwrap_or_default();
    let proxy = |_| TcpProxy::start(cluster.port()).map_err(database_error);
    let proxies = (0..NODES).map(proxy).collect::<Result<Vec<_>, _>>()?;
    let urls = proxies.iter().map(|proxy| cluster.url_at(&proxy.address().to_string(), name)).collect();
    let mut nodes = start_nodes(earmark, urls, fault).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
    proxies.iter().for_each(|proxy| proxy.delay_commits(DELAYED_PERCENT, DELAY_MAX));

    let clients = nodes.clients_within(DEADLINE);
    let readers = Readers::start(&clients, &LIMITS, seed);
    let plan = Plan { lines_max: 1, cancel_percent: 60, ..Plan::new(SKUS) };
    let writers = Writers::start(&clients, &plan, WRITERS, seed);
    let mut run = Run::default();
    let mut random = Random::new(seed);
    let start = Instant::now();
    while readers.furthest() < events && !readers.found_something() && start.elapsed() < RUN_LIMIT {
        let pause = random.between(KILL_MS.0, KILL_MS.1);
        readers.wait(events, Duration::from_millis(pause)).await;
        let number = random.below(NODES as u64) as usize;
        nodes.kill(number);
        nodes.restart(number).await?;
        run.kills += 1;
    }
    let mut writers = writers.stop().await?;
    let stock = Stock { skus: SKUS, on_hand: ON_HAND };
    let (orders, breaches) = placements::check(&mut nodes, &mut writers, stock).await?;
    let seen = readers.stop(&nodes.first().client()).await?;
    run.orders = orders;
    run.events = seen.iter().map(Seen::count).max().unwrap_or_default();
    run.pages = seen.iter().map(|seen| seen.pages).sum();
    run.commits = proxies.iter().map(TcpProxy::commits_seen).sum();
    // Before the rest, since the first of the findings decide whether the control was caught.
    run.findings.add(reader::compare(seen, &writers));
    run.findings.add(breaches);
    Ok(run)
}

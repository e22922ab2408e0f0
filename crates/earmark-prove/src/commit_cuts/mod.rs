//! Is every answer true when the connection to the database is cut between COMMIT and its answer?
//! Two nodes work behind a proxy that cuts exactly there, many times: after the answer, while
//! COMMIT is under way, and before it was sent. At the end the database is away for longer than a
//! node looks for an outcome: then the answer must be 503, and the true one when the command is
//! sent again.
//!
//! The negative control takes a COMMIT without an answer for one that did not happen and decides
//! again. Commands without a key are then carried out twice, and those with one are answered as
//! replays of themselves.

mod carts;
mod cuts;

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_cluster::{CommitCut, Mode, TcpProxy};
use earmark_load::{LoadError, catalogue};
use earmark_random::{Random, fresh_seed};
use serde::Serialize;

use crate::check::Findings;
use crate::placements::{self, Counts, Stock};
use crate::report::{Outcome, Prove, RunAndControl};
use crate::setup::{database_error, start_cluster, start_nodes};
use crate::writers::{Plan, Progress, Writers};
use carts::CartClients;
use cuts::{Cut, Kind, Resolution};

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 2;
/// Writers order with keys, the clients of carts send without.
const WRITERS: usize = 24;
const CART_CLIENTS: usize = 8;
/// How long the server does not see a COMMIT that is under way, at most, milliseconds.
const HOLD_MS_MAX: u64 = 200;
/// Load between two cuts, at most, milliseconds, after all that the first has held up went on; but
/// for each tenth, which is followed by the next at once.
const BETWEEN_MS_MAX: u64 = 50;
const AGAIN_AT_ONCE: u32 = 10;
/// After so many cuts by chance, one that is under way for longer than the database lets a
/// transaction stand still.
const LONG_HOLD: (u32, Duration) = (40, Duration::from_secs(3));
/// How often the database cannot be reached at all after a cut, and for how long: longer than a
/// node looks for an outcome.
const BLACKOUTS: u32 = 2;
const BLACKOUT: Duration = Duration::from_secs(8);
/// What an answer may take, from the cut or the end of the blackout on.
const RESOLVED_MAX: Duration = Duration::from_secs(5);
/// What a client waits for an answer.
const DEADLINE: Duration = Duration::from_secs(20);
const FAULT: &str = "forget_commits";

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Commits that are cut.
    #[arg(long, default_value_t = 200)]
    cuts: u32,
    /// Commits cut in the control, at most.
    #[arg(long, default_value_t = 60)]
    control_cuts: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Run {
    cuts: u32,
    orders: Counts,
    /// Changes of carts that were acknowledged, each without a key.
    cart_changes: u64,
    #[serde(flatten)]
    resolution: Resolution,
    findings: Findings,
}

impl Prove for Options {
    type Figures = RunAndControl<Run>;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let run = cut(earmark, self.cuts, self.seed, None).await?;
        let control = cut(earmark, self.control_cuts, self.seed, Some(FAULT)).await?;
        let in_time = run.resolution.resolved_max_us <= RESOLVED_MAX.as_micros() as u64;
        let control_caught = Some(!control.findings.none());
        // In a blackout no node can know the outcome, and some command waits for it.
        let all_seen = run.cuts == self.cuts + BLACKOUTS && run.resolution.told_in_a_blackout > 0;
        let is_right = run.findings.none() && in_time && all_seen;
        Ok(Outcome { figures: RunAndControl { run, control }, is_right, control_caught })
    }
}

async fn cut(earmark: &Path, cuts: u32, seed: u64, fault: Option<&str>) -> Result<Run, LoadError> {
    let (cluster, url) = start_cluster().await?;
    let proxy = TcpProxy::start(cluster.port()).map_err(database_error)?;
    let name = url.rsplit('/').next().unwrap_or_default();
    let url = cluster.url_at(&proxy.address().to_string(), name);
    let mut nodes = start_nodes(earmark, vec![url; NODES], fault).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;

    let plan = Plan::new(SKUS);
    let clients = nodes.clients_within(DEADLINE);
    let writers = Writers::start(&clients, &plan, WRITERS, seed);
    let cart_clients = CartClients::start(&clients, CART_CLIENTS, seed);
    let mut made = Vec::new();
    let mut random = Random::new(seed);
    for number in 1..=cuts {
        made.push(cut_once(&proxy, &mut random, number).await?);
        if !number.is_multiple_of(AGAIN_AT_ONCE) {
            settle(&writers).await?;
        }
        let pause = random.below(BETWEEN_MS_MAX);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if fault.is_some() && cart_clients.found_something() {
            break;
        }
    }
    settle(&writers).await?;
    let blackouts = if fault.is_none() { BLACKOUTS } else { 0 };
    for _ in 0..blackouts {
        made.push(black_out(&proxy).await?);
        settle(&writers).await?;
    }
    let mut writers = writers.stop().await?;
    let changes = cart_clients.stop().await?;
    let mut run = Run { cuts: made.len() as u32, cart_changes: changes.acknowledged, ..Run::default() };
    run.findings.add(changes.breaches);
    let stock = Stock { skus: SKUS, on_hand: ON_HAND };
    let (orders, breaches) = placements::check(&mut nodes, &mut writers, stock).await?;
    run.orders = orders;
    run.findings.add(breaches);
    run.resolution = Resolution::measure(&made, &writers);
    Ok(run)
}

/// Cuts the next commit, wherever it comes from.
async fn cut_once(proxy: &TcpProxy, random: &mut Random, number: u32) -> Result<Cut, LoadError> {
    let (kind, cut) = match random.below(3) {
        _ if number.is_multiple_of(LONG_HOLD.0) => {
            (Kind::UnderwayForLong, CommitCut::Underway { hold: LONG_HOLD.1 })
        }
        0 => (Kind::AfterAnswer, CommitCut::AfterAnswer),
        1 => {
            let hold = Duration::from_millis(random.below(HOLD_MS_MAX));
            (Kind::Underway, CommitCut::Underway { hold })
        }
        _ => (Kind::NotSent, CommitCut::NotSent),
    };
    let at = cut_next(proxy, cut).await?;
    Ok(Cut { kind, at, until: at })
}

/// Waits until each node has done as much as all writers together have under way: what was cut is
/// done by then.
async fn settle(writers: &Writers) -> Result<(), LoadError> {
    let before: Vec<u64> = (0..NODES).map(|node| writers.progress.at(node)).collect();
    let enough = |progress: &Progress| {
        before.iter().enumerate().all(|(node, count)| progress.at(node) >= count + WRITERS as u64)
    };
    writers.wait(DEADLINE, "the nodes go on", enough).await
}

/// Cuts a commit that happens, and keeps the database away until its node gives up looking for it.
async fn black_out(proxy: &TcpProxy) -> Result<Cut, LoadError> {
    proxy.set_mode(Mode::Refuse);
    let at = cut_next(proxy, CommitCut::AfterAnswer).await?;
    proxy.cut_all();
    tokio::time::sleep(BLACKOUT).await;
    proxy.set_mode(Mode::Pass);
    Ok(Cut { kind: Kind::Blackout, at, until: Instant::now() })
}

async fn cut_next(proxy: &TcpProxy, cut: CommitCut) -> Result<Instant, LoadError> {
    let before = proxy.commits_cut();
    proxy.cut_next_commit(cut);
    let start = Instant::now();
    while proxy.commits_cut() == before {
        if start.elapsed() > DEADLINE {
            return Err(LoadError::Server("no commit came by to be cut".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(Instant::now())
}

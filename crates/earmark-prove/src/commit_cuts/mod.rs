//! Does everybody learn the truth when the connection is cut between COMMIT and its answer? Two nodes behind a proxy that cuts
//! exactly there, many times: after the answer, while COMMIT is under way, and before it was sent. At the end the database is
//! away for longer than an outcome is asked for: then 503 must be the answer, and the truth when the command is sent again.
//!
//! Its negative control takes a COMMIT without an answer for one that did not happen and decides again: commands without a
//! key are then carried out twice, and those with one are answered as replays of themselves.

mod carts;
mod resolution;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, CommitCut, Mode, TcpProxy};
use earmark_load::random::{Random, fresh_seed};
use earmark_load::{LoadError, catalogue, runtime};
use serde::Serialize;

use crate::books::{self, Counts, Stock};
use crate::findings::Findings;
use crate::report::Report;
use crate::stage::{Fleet, aside, database};
use crate::writers::{Crew, Plan, Progress};
use carts::Shoppers;
use resolution::{Kind, Moment, Resolved};

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 2;
/// Writers who order with keys, and shoppers who fill carts without.
const WRITERS: usize = 24;
const SHOPPERS: usize = 8;
/// How long the server does not see a COMMIT that is under way, at most, milliseconds.
const HOLD_MS_MAX: u64 = 200;
/// Load between two cuts, at most, milliseconds, after all that the first has held up went on; but for each tenth, which
/// is followed by the next at once.
const BETWEEN_MS_MAX: u64 = 50;
const AGAIN_AT_ONCE: u32 = 10;
/// After so many cuts by chance, one that is under way for longer than the database lets a transaction stand still.
const LONG_HOLD: (u32, Duration) = (40, Duration::from_secs(3));
/// How often the database cannot be reached at all after a cut, and for how long: longer than an outcome is asked for.
const BLACKOUTS: u32 = 2;
const BLACKOUT: Duration = Duration::from_secs(8);
/// What an answer may take, from the cut or the end of the blackout on.
const RESOLVED_MAX: Duration = Duration::from_secs(5);
/// What a client waits for an answer.
const DEADLINE: Duration = Duration::from_secs(20);
const FAULT: &str = "forget_commits";

/// The settings of the proof.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
    /// Commits cut.
    #[arg(long, default_value_t = 200)]
    cuts: u32,
    /// Commits cut in the control, at most.
    #[arg(long, default_value_t = 60)]
    control_cuts: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

/// A number of cuts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Run {
    cuts: u32,
    orders: Counts,
    /// Changes of carts that were acknowledged, each without a key.
    cart_changes: u64,
    /// 503 on the way: to be tried again. Of those, how many came while the database could not be reached.
    told_to_try_again: u64,
    told_in_a_blackout: u64,
    /// The longest from a cut, or the end of a blackout, to an answer for good, microseconds.
    resolved_max_us: u64,
    by_kind: BTreeMap<Kind, Resolved>,
    findings: Findings,
}

pub(crate) fn prove(options: Options) -> Result<Report<Options, Run>, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let run = cut(&options.earmark, (options.cuts, options.seed), None).await?;
        let control = cut(&options.earmark, (options.control_cuts, options.seed), Some(FAULT)).await?;
        let in_time = run.resolved_max_us <= RESOLVED_MAX.as_micros() as u64;
        let control_caught = !control.findings.none();
        // In a blackout nobody can be told the truth, and somebody waits for it.
        let all_seen = run.cuts == options.cuts + BLACKOUTS && run.told_in_a_blackout > 0;
        let passed = run.findings.none() && in_time && all_seen && control_caught;
        let wall_ms = start.elapsed().as_millis() as u64;
        Ok(Report { proof: "commit-cuts", options, run, control, control_caught, wall_ms, passed })
    })
}

async fn cut(earmark: &Path, (cuts, seed): (u32, u64), fault: Option<&str>) -> Result<Run, LoadError> {
    let cluster = aside(Cluster::start).await?;
    let url = cluster.create_database().map_err(database)?;
    let proxy = TcpProxy::start(cluster.port()).map_err(database)?;
    let name = url.rsplit('/').next().unwrap_or_default();
    let url = cluster.url_at(&proxy.address().to_string(), name);
    let mut fleet = Fleet::start(earmark, &vec![url; NODES], fault).await?;
    catalogue::create(&fleet.client(), u64::from(SKUS), ON_HAND).await?;

    let plan = Plan::new(SKUS);
    let clients = fleet.clients(DEADLINE);
    let crew = Crew::start(&clients, &plan, WRITERS, seed);
    let shoppers = Shoppers::start(&clients, SHOPPERS, seed);
    let mut run = Run::default();
    let mut moments = Vec::new();
    let mut random = Random::new(seed);
    for number in 1..=cuts {
        moments.push(cut_once(&proxy, &mut random, number).await?);
        if !number.is_multiple_of(AGAIN_AT_ONCE) {
            settle(&crew).await?;
        }
        let pause = random.below(BETWEEN_MS_MAX);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if fault.is_some() && shoppers.found_something() {
            break;
        }
    }
    settle(&crew).await?;
    let blackouts = if fault.is_none() { BLACKOUTS } else { 0 };
    for _ in 0..blackouts {
        moments.push(black_out(&proxy).await?);
        settle(&crew).await?;
    }
    let mut writers = crew.stop().await?;
    let shopping = shoppers.stop().await?;
    run.cart_changes = shopping.changes;
    run.findings.add(shopping.breaches);
    run.findings.add(writers.iter_mut().flat_map(|writer| writer.breaches.drain(..)));
    run.findings.add(fleet.ended());
    let (orders, breaches) = books::check(&fleet, &writers, Stock { skus: SKUS, on_hand: ON_HAND }).await?;
    run.orders = orders;
    run.findings.add(breaches);

    run.measure(&moments, &writers);
    Ok(run)
}

/// Cuts the next commit, wherever it comes from.
async fn cut_once(proxy: &TcpProxy, random: &mut Random, number: u32) -> Result<Moment, LoadError> {
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
    Ok(Moment { kind, at, until: at })
}

/// Waits until each node has done as much as all writers together have under way: what was cut is done by then.
async fn settle(crew: &Crew) -> Result<(), LoadError> {
    let before: Vec<u64> = (0..NODES).map(|node| crew.progress.at(node)).collect();
    let enough = |progress: &Progress| {
        before.iter().enumerate().all(|(node, count)| progress.at(node) >= count + WRITERS as u64)
    };
    crew.wait(DEADLINE, "the nodes go on", enough).await
}

/// A commit that happens, and whose node can ask nobody about it until its time is over.
async fn black_out(proxy: &TcpProxy) -> Result<Moment, LoadError> {
    proxy.set_mode(Mode::Refuse);
    let at = cut_next(proxy, CommitCut::AfterAnswer).await?;
    proxy.cut_all();
    tokio::time::sleep(BLACKOUT).await;
    proxy.set_mode(Mode::Pass);
    Ok(Moment { kind: Kind::Blackout, at, until: Instant::now() })
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

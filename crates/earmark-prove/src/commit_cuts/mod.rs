//! Does everybody learn the truth when the connection is cut between COMMIT and its answer? Two nodes behind a proxy that cuts
//! exactly there, many times: after the answer, while COMMIT is under way, and before it was sent. At the end the database is
//! away for longer than an outcome is asked for: then 503 must be the answer, and the truth when the command is sent again.
//!
//! Its negative control takes a COMMIT without an answer for one that did not happen and decides again: commands without a
//! key are then carried out twice, and those with one are answered as replays of themselves.

mod carts;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, CommitCut, Mode, TcpProxy};
use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::random::{Random, fresh_seed};
use earmark_load::{LoadError, catalogue, runtime};
use serde::Serialize;

use crate::books::{self, Counts, Stock};
use crate::errand::Got;
use crate::findings::Findings;
use crate::stage::{Fleet, aside, database};
use crate::writers::{Crew, Plan, Span};
use carts::Shoppers;

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
/// Writers who order with keys, and shoppers who fill carts without.
const WRITERS: usize = 24;
const SHOPPERS: usize = 8;
/// How long the server does not see a COMMIT that is under way, at most, milliseconds.
const HOLD_MS_MAX: u64 = 200;
/// Load between two cuts, milliseconds.
const BETWEEN_MS: (u64, u64) = (10, 60);
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

/// The verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    proof: &'static str,
    options: Options,
    run: Run,
    control: Run,
    control_caught: bool,
    wall_ms: u64,
    pub(crate) passed: bool,
}

/// A number of cuts.
#[derive(Debug, Default, Serialize)]
struct Run {
    cuts: Cuts,
    orders: Counts,
    /// Changes of carts that were acknowledged, each without a key.
    cart_changes: u64,
    /// 503 on the way: to be tried again. Of those, how many came while the database could not be reached.
    told_to_try_again: u64,
    told_in_a_blackout: u64,
    /// Commands under way at a cut, and the time from there to their answer for good.
    affected: u64,
    resolved: LatencySummary,
    findings: Findings,
}

#[derive(Debug, Default, Serialize)]
struct Cuts {
    after_answer: u32,
    underway: u32,
    not_sent: u32,
    /// Those of the first with a blackout after them.
    blackouts: u32,
}

impl Cuts {
    fn all(&self) -> u32 {
        self.after_answer + self.underway + self.not_sent
    }
}

pub(crate) fn prove(options: Options) -> Result<Report, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let run = cut(&options.earmark, (options.cuts, options.seed), None).await?;
        let control = cut(&options.earmark, (options.control_cuts, options.seed), Some(FAULT)).await?;
        let in_time = run.resolved.max_us <= RESOLVED_MAX.as_micros() as u64;
        let control_caught = !control.findings.none();
        // In a blackout nobody can be told the truth, and somebody waits for it.
        let all_seen = run.cuts.all() == options.cuts + BLACKOUTS && run.told_in_a_blackout > 0;
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
    let mut fleet = Fleet::start(earmark, &[url.clone(), url], fault).await?;
    catalogue::create(&fleet.client(), u64::from(SKUS), ON_HAND).await?;

    let plan = Plan::new(SKUS);
    let clients = fleet.clients(DEADLINE);
    let crew = Crew::start(&clients, &plan, WRITERS, seed);
    let shoppers = Shoppers::start(&clients, SHOPPERS, seed);
    let mut run = Run::default();
    let mut moments = Vec::new();
    let mut random = Random::new(seed);
    while run.cuts.all() < cuts && (fault.is_none() || !shoppers.found_something()) {
        moments.push(cut_once(&proxy, &mut random, &mut run.cuts).await?);
        let pause = random.between(BETWEEN_MS.0, BETWEEN_MS.1);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    let mut blackouts = Vec::new();
    while fault.is_none() && run.cuts.blackouts < BLACKOUTS {
        blackouts.push(black_out(&proxy, &mut run.cuts).await?);
        tokio::time::sleep(RESOLVED_MAX / 5).await;
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

    for one in writers.iter().flat_map(|writer| &writer.tries).filter(|one| one.got == Got::Answer(503)) {
        run.told_to_try_again += 1;
        let is_dark = |dark: &(Instant, Instant)| dark.0 <= one.ended() && one.ended() <= dark.1;
        run.told_in_a_blackout += u64::from(blackouts.iter().any(is_dark));
    }
    moments.extend(blackouts.iter().map(|dark| dark.1));
    let spans: Vec<Span> = writers.iter().flat_map(|writer| writer.spans.iter().copied()).collect();
    (run.affected, run.resolved) = resolution(&moments, &spans);
    Ok(run)
}

/// Cuts the next commit, wherever it comes from; returns when it was cut.
async fn cut_once(proxy: &TcpProxy, random: &mut Random, cuts: &mut Cuts) -> Result<Instant, LoadError> {
    let (cut, count) = match random.below(3) {
        _ if cuts.all() % LONG_HOLD.0 == LONG_HOLD.0 - 1 => {
            (CommitCut::Underway { hold: LONG_HOLD.1 }, &mut cuts.underway)
        }
        0 => (CommitCut::AfterAnswer, &mut cuts.after_answer),
        1 => {
            let hold = Duration::from_millis(random.below(HOLD_MS_MAX));
            (CommitCut::Underway { hold }, &mut cuts.underway)
        }
        _ => (CommitCut::NotSent, &mut cuts.not_sent),
    };
    *count += 1;
    cut_next(proxy, cut).await
}

/// A commit that happens, and whose node can ask nobody about it until its time is over; returns when the database was
/// away, from and until.
async fn black_out(proxy: &TcpProxy, cuts: &mut Cuts) -> Result<(Instant, Instant), LoadError> {
    proxy.set_mode(Mode::Refuse);
    let from = cut_next(proxy, CommitCut::AfterAnswer).await?;
    proxy.cut_all();
    tokio::time::sleep(BLACKOUT).await;
    proxy.set_mode(Mode::Pass);
    (cuts.after_answer, cuts.blackouts) = (cuts.after_answer + 1, cuts.blackouts + 1);
    Ok((from, Instant::now()))
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

/// Of all that was under way at a cut: the time from there to its answer for good. More than what the cut has held up: who
/// waited for somebody else's turn is in it as well.
fn resolution(moments: &[Instant], spans: &[Span]) -> (u64, LatencySummary) {
    let mut latencies = Latencies::default();
    let mut affected = 0;
    for moment in moments {
        for span in spans.iter().filter(|span| span.sent < *moment && *moment < span.ended) {
            affected += 1;
            latencies.record(span.ended - *moment);
        }
    }
    (affected, latencies.summary())
}

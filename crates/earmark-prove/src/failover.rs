//! Does what was acknowledged outlive the primary? There is a primary with a standby that it waits
//! for, two nodes that know both hosts, and load. Many times over the primary is killed, the
//! standby promoted, and a new standby made where the old primary was. Some primaries do not refuse
//! connections when they are gone, but hang: connections stay open, new ones are taken, and no
//! answer comes. In between, all sessions of the nodes are ended while their server lives.
//!
//! In the negative control the primary does not wait for the standby, which lags when the primary
//! is killed: acknowledged orders must be missing.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterError, Mode, Psql, TcpProxy};
use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::{LoadError, catalogue};
use earmark_random::{Random, fresh_seed};
use serde::Serialize;

use crate::check::Findings;
use crate::placements::{self, Counts, Stock};
use crate::report::{Outcome, Prove, RunAndControl};
use crate::sending::{Try, TryResult};
use crate::setup::{aside, start_nodes};
use crate::writers::{Plan, Progress, SendTo, Writer, Writers};

const SKUS: u32 = 200;
const ON_HAND: u64 = 10_000_000;
const NODES: usize = 2;
/// Few, since each new standby is a copy of all that they have written.
const WRITERS: usize = 8;
/// Load before a kill, milliseconds.
const LOAD_MS: (u64, u64) = (200, 800);
/// What each node may take from the promotion on until it answers again.
const ANSWERING_MAX: Duration = Duration::from_secs(10);
/// What any request may take.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// What a client waits for an answer: longer, so that one that is late is seen to be.
const DEADLINE: Duration = Duration::from_secs(25);
/// What the run waits for both nodes.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Primaries that are killed.
    #[arg(long, default_value_t = 20)]
    failovers: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Run {
    failovers: u32,
    /// Sessions ended by the database's operator, while transactions of theirs were open or not.
    sessions_ended: u64,
    orders: Counts,
    /// From the kill until the standby takes writes.
    promotion: LatencySummary,
    /// From there until a node has carried out a command again, for each node.
    answering_again: LatencySummary,
    /// The same where the primary hung.
    answering_again_after_silence: LatencySummary,
    /// Tries of all requests, from sending to answer or end of the connection.
    requests: LatencySummary,
    /// 503 on the way: to be tried again.
    told_to_try_again: u64,
    findings: Findings,
}

/// The two servers of the database.
struct Pair {
    primary: Host,
    standby: Host,
}

/// A server and how the nodes reach it. The proxy stays when the server is lost: the next one is
/// started on its port.
struct Host {
    server: Cluster,
    proxy: TcpProxy,
}

/// How the nodes lose a primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Connections break, and new ones are refused.
    Refusing,
    /// Connections stay open, and new ones are taken.
    Silent,
}

impl Loss {
    /// Two silent ones of eight, one after the other: each host is lost in each way, the first in
    /// the URL and the second.
    fn of_round(round: u32) -> Loss {
        if matches!(round % 8, 3 | 4) { Loss::Silent } else { Loss::Refusing }
    }
}

/// Whether the primary waits for its standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replication {
    Synchronous,
    /// And the standby receives nothing any more when the primary is killed.
    Lagging,
}

impl Prove for Options {
    type Figures = RunAndControl<Run>;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let run = fail_over(earmark, self.failovers, self.seed, Replication::Synchronous).await?;
        let control = fail_over(earmark, 1, self.seed, Replication::Lagging).await?;
        let control_caught = Some(control.orders.lost > 0);
        let us = |limit: Duration| limit.as_micros() as u64;
        let in_time =
            run.answering_again.max_us <= us(ANSWERING_MAX) && run.requests.max_us <= us(ANSWER_MAX);
        let complete = run.failovers == self.failovers && run.sessions_ended > 0;
        let is_right = run.findings.none() && in_time && complete;
        Ok(Outcome { figures: RunAndControl { run, control }, is_right, control_caught })
    }
}

async fn fail_over(
    earmark: &Path,
    failovers: u32,
    seed: u64,
    replication: Replication,
) -> Result<Run, LoadError> {
    let (mut pair, url) = aside(move || start_pair(replication)).await?;
    let mut nodes = start_nodes(earmark, vec![url; NODES], None).await?;
    catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;

    let plan = Plan { send_to: SendTo::Home, ..Plan::new(SKUS) };
    let writers = Writers::start(&nodes.clients_within(DEADLINE), &plan, WRITERS, seed);
    let mut random = Random::new(seed);
    let (mut promotion, mut promoted_at) = (Latencies::default(), Vec::new());
    let mut sessions_ended = 0;
    for round in 1..=failovers {
        let mut load = || tokio::time::sleep(Duration::from_millis(random.between(LOAD_MS.0, LOAD_MS.1)));
        load().await;
        let psql = pair.primary.server.psql();
        sessions_ended += aside(move || end_sessions(&psql)).await?;
        load().await;
        if replication == Replication::Lagging {
            pair = aside(move || pair.standby.server.stop_following().map(|()| pair)).await?;
            tokio::time::sleep(Duration::from_millis(LOAD_MS.1)).await;
        }
        let killed = Instant::now();
        pair = aside(move || pair.lose_primary(Loss::of_round(round))).await?;
        promotion.record(killed.elapsed());
        promoted_at.push(Instant::now());
        let before: Vec<u64> = (0..NODES).map(|node| writers.progress.at(node)).collect();
        let all_answer =
            |progress: &Progress| before.iter().enumerate().all(|(node, &count)| progress.at(node) > count);
        writers.wait(PATIENCE, "every node answers again", all_answer).await?;
        if round < failovers {
            pair = aside(move || pair.renew_standby()).await?;
        }
    }
    let mut writers = writers.stop().await?;
    let mut run = Run { failovers, sessions_ended, promotion: promotion.summary(), ..Run::default() };
    run.measure(&writers, &promoted_at);
    let stock = Stock { skus: SKUS, on_hand: ON_HAND };
    let (orders, breaches) = placements::check(&mut nodes, &mut writers, stock).await?;
    run.orders = orders;
    run.findings.add(breaches);
    // The servers of the database outlive the nodes.
    drop(nodes);
    drop(pair);
    Ok(run)
}

/// As an operator does who must get at the database; how many there were.
fn end_sessions(psql: &Psql) -> Result<u64, ClusterError> {
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'earmark'";
    let counted = psql.query("postgres", ended)?;
    counted
        .trim()
        .parse()
        .map_err(|_| ClusterError::Failed { what: "the count of sessions".into(), output: counted })
}

fn start_pair(replication: Replication) -> Result<(Pair, String), ClusterError> {
    let mut primary = Cluster::start()?;
    let url = primary.create_database()?;
    let standby = match replication {
        Replication::Synchronous => primary.standby()?,
        Replication::Lagging => primary.asynchronous_standby()?,
    };
    let (primary, standby) = (Host::new(primary)?, Host::new(standby)?);
    let hosts = format!("{},{}", primary.proxy.address(), standby.proxy.address());
    let name = url.rsplit('/').next().unwrap_or_default();
    let url = format!("{}?target_session_attrs=read-write", primary.server.url_at(&hosts, name));
    Ok((Pair { primary, standby }, url))
}

impl Host {
    fn new(server: Cluster) -> Result<Host, ClusterError> {
        let proxy = TcpProxy::start(server.port())?;
        Ok(Host { server, proxy })
    }
}

impl Pair {
    /// Kills the primary and promotes the standby at once; the places are changed.
    fn lose_primary(mut self, loss: Loss) -> Result<Pair, ClusterError> {
        if loss == Loss::Silent {
            self.primary.proxy.set_mode(Mode::Silent);
        }
        self.primary.server.kill();
        self.standby.server.promote()?;
        Ok(Pair { primary: self.standby, standby: self.primary })
    }

    /// Makes a new standby on the port of the server that was lost.
    fn renew_standby(mut self) -> Result<Pair, ClusterError> {
        let Host { server, proxy } = self.standby;
        let port = server.port();
        drop(server);
        let server = self.primary.server.standby_on(port)?;
        proxy.set_mode(Mode::Pass);
        proxy.cut_all();
        Ok(Pair { primary: self.primary, standby: Host { server, proxy } })
    }
}

impl Run {
    fn measure(&mut self, writers: &[Writer], promoted_at: &[Instant]) {
        let tries: Vec<Try> = writers.iter().flat_map(|writer| writer.tries.iter().copied()).collect();
        let mut requests = Latencies::default();
        for one in &tries {
            requests.record(one.took);
            self.told_to_try_again += u64::from(one.result == TryResult::Answer(503));
        }
        self.requests = requests.summary();
        let (mut again, mut after_silence) = (Latencies::default(), Latencies::default());
        for (&promoted, round) in promoted_at.iter().zip(1..) {
            for node in 0..NODES {
                let answers = tries
                    .iter()
                    .filter(|one| one.node == node && matches!(one.result, TryResult::Answer(200..=299)));
                let first = answers.map(Try::ended).filter(|&ended| ended > promoted).min();
                let took = first.map_or(PATIENCE, |first| first - promoted);
                again.record(took);
                if Loss::of_round(round) == Loss::Silent {
                    after_silence.record(took);
                }
            }
        }
        (self.answering_again, self.answering_again_after_silence) =
            (again.summary(), after_silence.summary());
    }
}

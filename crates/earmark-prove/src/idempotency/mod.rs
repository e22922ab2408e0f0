//! Has every key exactly one effect? Thousands of commands are each sent two to five times: at once
//! on several connections, late and out of order, and across kill -9 and restart of the server.
//! Then every effect is counted. With several nodes the copies of a command go to different ones,
//! and one node at a time is killed while the others go on.
//!
//! The negative control sends the same copies with a key each: what is stored then must be found to
//! be too much.

mod copies;
mod effects;
mod flows;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::{Database, LoadError, Nodes, NodesOptions, catalogue, tasks};
use earmark_random::{Random, fresh_seed};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::check::Breach;
use crate::report::{Outcome, Prove};
use crate::setup::{self, Databases};
use copies::{Copies, Run, SKUS};
use effects::ON_HAND;

/// Flows that are under way at once.
const FLOWS: u64 = 48;
/// Tasks that send the late copies.
const LATE_SENDERS: u64 = 8;
/// Commands of the control.
const CONTROL_REQUESTS: u64 = 300;

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Servers on one database: one on a file, several on a PostgreSQL of their own.
    #[arg(long, default_value_t = 1)]
    nodes: u32,
    /// Commands, each with a key of its own.
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
    /// How often a server is killed in between.
    #[arg(long, default_value_t = 8)]
    kills: u64,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Keys that were used.
    keys: usize,
    /// Answers that were compared.
    answers: u64,
    /// Keys that were used again with something changed.
    reused: u64,
    /// Orders that came of it.
    orders: usize,
    kills: u64,
    /// From each restart until the server was ready again.
    ready: LatencySummary,
    /// The first of them.
    breaches: Vec<Breach>,
}

impl Prove for Options {
    type Figures = Figures;

    const RUN_LIMIT: Option<Duration> = Some(Duration::from_secs(900));

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let databases = Databases::for_nodes(self.nodes).await?;
        let (run, kills) = self.send_all(earmark, databases.create()?, Copies::ShareTheirKey).await?;
        let control = Options { requests: CONTROL_REQUESTS, kills: 0, ..self.clone() };
        let (control, _) = control.send_all(earmark, databases.create()?, Copies::HaveOwnKeys).await?;
        let breaches = run.breaches().clone();
        let replays = run.replays();
        Ok(Outcome {
            is_right: breaches.is_empty(),
            control_caught: Some(!control.breaches().is_empty()),
            figures: Figures {
                keys: replays.key_count(),
                answers: replays.answer_count(),
                reused: run.reused.load(Ordering::Relaxed),
                orders: run.orders().len(),
                kills: kills.count,
                ready: kills.ready.summary(),
                breaches,
            },
        })
    }
}

/// The kills of a run.
#[derive(Debug, Default)]
struct Kills {
    count: u64,
    /// From each restart until the server was ready again.
    ready: Latencies,
}

impl Options {
    /// Sends everything to servers of its own, and counts the effects afterwards.
    async fn send_all(
        &self,
        earmark: &Path,
        database: Database,
        copies: Copies,
    ) -> Result<(Arc<Run>, Kills), LoadError> {
        let servers = NodesOptions::new(earmark, database, self.nodes);
        let mut nodes = Nodes::start_ready(&setup::with_brief_first_calls(servers)).await?;
        catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;

        let run = Arc::new(Run::new(nodes.clients(), self.requests, copies));
        let mut flowing = JoinSet::new();
        for number in 0..FLOWS {
            flowing.spawn(flows::keep_flowing(Arc::clone(&run), Random::stream(self.seed, number)));
        }
        let mut sending_late = JoinSet::new();
        for number in 0..LATE_SENDERS {
            let random = Random::stream(self.seed, FLOWS + number);
            sending_late.spawn(copies::keep_sending_late(Arc::clone(&run), random));
        }
        let kills = self.kill_at_times(&run, &mut nodes).await?;
        tasks::join_all(flowing).await?;
        run.flows_done.store(true, Ordering::Release);
        tasks::join_all(sending_late).await?;
        effects::check(&run, &nodes).await?;
        Ok((run, kills))
    }

    /// Kills and restarts a server, any of them, whenever another part of the commands has begun.
    async fn kill_at_times(&self, run: &Run, nodes: &mut Nodes) -> Result<Kills, LoadError> {
        let mut random = Random::stream(self.seed, u64::MAX);
        let mut kills = Kills::default();
        for kill in 0..self.kills {
            let due = self.requests * (kill + 1) / (self.kills + 1);
            while run.begun.load(Ordering::Relaxed) < due && !run.is_hopeless() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            if run.is_hopeless() {
                break;
            }
            let node = random.below(nodes.len() as u64) as usize;
            nodes.kill(node);
            run.forget_connections(node);
            tokio::time::sleep(Duration::from_millis(random.below(50))).await;
            kills.ready.record(nodes.restart(node).await?);
            kills.count += 1;
        }
        Ok(kills)
    }
}

//! Is no customer charged twice, and no money lost, whatever fails at any point? In the end both
//! ledgers, ours and the gateway's, must be the same, row by row.
//!
//! `random_run` breaks everything by chance, and `directed` kills the server at every point of the
//! protocol; both on SQLite and on PostgreSQL. The negative controls are servers that make the
//! classic mistakes, which the random run must find.

mod customers;
mod directed;
pub(crate) mod gateway;
pub(crate) mod ledgers;
mod operator;
mod random_run;
pub(crate) mod shop;
pub(crate) mod switch;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterError};
use earmark_load::{Database, LoadError};
use earmark_random::fresh_seed;
use serde::Serialize;

use crate::check::{BreachKind, Findings};
use crate::report::{Outcome, Prove};
use crate::setup::aside;
use directed::CrashResult;
use random_run::{Plan, Run};
use shop::FINAL_MAX;

/// Servers on one PostgreSQL.
const NODES: u32 = 2;
/// How long a control waits for all to be final: some of its refunds never are, as the gateway has
/// no charge under their payment's id.
const CONTROL_FINAL_MAX: Duration = Duration::from_secs(8);
/// The mistakes, each with a kind of breach that it must be found by.
const MISTAKES: [(&str, BreachKind); 3] = [
    ("new_gateway_key", BreachKind::Doubled),
    ("silence_is_failure", BreachKind::Lost),
    ("effect_before_intent", BreachKind::Doubled),
];

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Orders to pay, on each database.
    #[arg(long, default_value_t = 2_000)]
    payments: u64,
    /// Orders of each control.
    #[arg(long, default_value_t = 150)]
    control_payments: u64,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    random: Vec<Run>,
    random_ms: u64,
    directed: Vec<CrashResult>,
    directed_findings: Findings,
    /// By the mistake that the servers make.
    controls: BTreeMap<&'static str, Control>,
}

#[derive(Debug, Serialize)]
struct Control {
    caught: bool,
    findings: Findings,
}

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let start = Instant::now();
        let (cluster, mut urls) = aside(databases).await?;
        let plan = Plan {
            earmark,
            database: Database::File,
            nodes: 1,
            orders: self.payments,
            seed: self.seed,
            final_max: FINAL_MAX,
            mistake: None,
        };
        let on_postgres =
            Plan { database: urls.pop().unwrap_or(Database::File), nodes: NODES, ..plan.clone() };
        let (sqlite, postgres) = tokio::join!(random_run::run(plan), random_run::run(on_postgres));
        let random = vec![sqlite?, postgres?];
        let random_ms = start.elapsed().as_millis() as u64;

        let files = vec![Database::File; directed::DATABASES];
        let directed = directed::run(earmark, [files, urls].concat());
        let (directed, controls) = tokio::join!(directed, self.controls(earmark));
        let (mut directed, controls) = (directed?, controls?);
        let mut directed_findings = Findings::default();
        directed_findings.add(directed.iter_mut().flat_map(|result| result.breaches.drain(..)));
        drop(cluster);

        let control_caught = Some(controls.values().all(|control| control.caught));
        let random_right = random.iter().all(|run| run.findings.none() && run.was_hard());
        let is_right = random_right && directed_findings.none();
        let figures = Figures { random, random_ms, directed, directed_findings, controls };
        Ok(Outcome { figures, is_right, control_caught })
    }
}

impl Options {
    /// The same run, of servers that make a mistake.
    async fn controls(&self, earmark: &Path) -> Result<BTreeMap<&'static str, Control>, LoadError> {
        let mut controls = BTreeMap::new();
        for (mistake, kind) in MISTAKES {
            let plan = Plan {
                earmark,
                database: Database::File,
                nodes: 1,
                orders: self.control_payments,
                seed: self.seed,
                final_max: CONTROL_FINAL_MAX,
                mistake: Some(mistake),
            };
            let findings = random_run::run(plan).await?.findings;
            controls.insert(mistake, Control { caught: findings.has(kind), findings });
        }
        Ok(controls)
    }
}

/// A database for the random run, and one for each crash point.
fn databases() -> Result<(Cluster, Vec<Database>), ClusterError> {
    let cluster = Cluster::start()?;
    let urls = (0..=directed::DATABASES).map(|_| cluster.create_database().map(Database::Url));
    let urls = urls.collect::<Result<Vec<_>, _>>()?;
    Ok((cluster, urls))
}

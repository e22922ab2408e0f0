//! Is nobody charged twice, and no money lost, whatever fails at whichever step? Both ledgers, ours and the gateway's, must be the same in the end, row by row.
//!
//! `random_run` breaks everything by chance, `directed` kills the server at every step; on SQLite and on PostgreSQL. The negative controls are servers that
//! make the classic mistakes, and are found out by the random run.

mod directed;
pub(crate) mod gateway;
pub(crate) mod judge;
mod random_run;
pub(crate) mod shop;
mod shoppers;
pub(crate) mod switch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterError};
use earmark_load::audit::BreachKind;
use earmark_load::random::fresh_seed;
use earmark_load::{Database, LoadError, runtime};
use serde::Serialize;

use crate::findings::Findings;
use crate::stage::aside;
use directed::Verdict;
use random_run::{Plan, Run};
use shop::FINAL_MAX;

/// Servers on one PostgreSQL.
const NODES: u32 = 2;
/// What is waited for in a control: some of its refunds never come to an end, as the gateway has no charge under their payment's id.
const CONTROL_FINAL_MAX: Duration = Duration::from_secs(8);
/// The mistakes, each with a kind of breach that it must be found by.
const MISTAKES: [(&str, BreachKind); 3] = [
    ("new_gateway_key", BreachKind::Doubled),
    ("silence_is_failure", BreachKind::Lost),
    ("effect_before_intent", BreachKind::Doubled),
];

/// The settings of the proof.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
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

/// The verdict.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    proof: &'static str,
    options: Options,
    random: Vec<Run>,
    random_ms: u64,
    directed: Vec<Verdict>,
    directed_findings: Findings,
    controls: BTreeMap<&'static str, Control>,
    controls_caught: bool,
    wall_ms: u64,
    pub(crate) passed: bool,
}

/// What a mistake was found by.
#[derive(Debug, Serialize)]
struct Control {
    caught: bool,
    findings: Findings,
}

pub(crate) fn prove(options: Options) -> Result<Report, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let (cluster, mut urls) = aside(databases).await?;
        let (earmark, seed) = (options.earmark.as_path(), options.seed);
        let plan = Plan {
            earmark,
            database: Database::File,
            nodes: 1,
            orders: options.payments,
            seed,
            final_max: FINAL_MAX,
            mistake: None,
        };
        let on_postgres =
            Plan { database: urls.pop().unwrap_or(Database::File), nodes: NODES, ..plan.clone() };
        let (sqlite, postgres) = tokio::join!(random_run::run(plan), random_run::run(on_postgres));
        let random = vec![sqlite?, postgres?];
        let random_ms = start.elapsed().as_millis() as u64;

        let files = vec![Database::File; directed::DATABASES];
        let trying = directed::run(earmark, [files, urls].concat());
        let (directed, controls) = tokio::join!(trying, controls(earmark, (options.control_payments, seed)));
        let (mut directed, controls) = (directed?, controls?);
        let mut directed_findings = Findings::default();
        directed_findings.add(directed.iter_mut().flat_map(|verdict| verdict.breaches.drain(..)));

        let controls_caught = controls.values().all(|control| control.caught);
        let random_right = random.iter().all(|run| run.findings.none() && run.was_hard());
        let passed = random_right && directed_findings.none() && controls_caught;
        let wall_ms = start.elapsed().as_millis() as u64;
        drop(cluster);
        let proof = "payments";
        Ok(Report {
            proof,
            options,
            random,
            random_ms,
            directed,
            directed_findings,
            controls,
            controls_caught,
            wall_ms,
            passed,
        })
    })
}

/// A database for the random run, and one for each step.
fn databases() -> Result<(Cluster, Vec<Database>), ClusterError> {
    let cluster = Cluster::start()?;
    let urls = (0..=directed::DATABASES).map(|_| cluster.create_database().map(Database::Url));
    let urls = urls.collect::<Result<Vec<_>, _>>()?;
    Ok((cluster, urls))
}

/// The same run, of servers that make a mistake.
async fn controls(
    earmark: &Path,
    (orders, seed): (u64, u64),
) -> Result<BTreeMap<&'static str, Control>, LoadError> {
    let mut controls = BTreeMap::new();
    for (mistake, kind) in MISTAKES {
        let plan = Plan {
            earmark,
            database: Database::File,
            nodes: 1,
            orders,
            seed,
            final_max: CONTROL_FINAL_MAX,
            mistake: Some(mistake),
        };
        let findings = random_run::run(plan).await?.findings;
        controls.insert(mistake, Control { caught: findings.has(kind), findings });
    }
    Ok(controls)
}

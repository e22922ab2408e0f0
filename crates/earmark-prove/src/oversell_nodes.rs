//! Do four nodes sell more than there is? A hot SKU that most orders want and small ones beside it, until all is gone:
//! sold is stock, exactly, and who was refused has nothing.
//!
//! Three times: as it is; without turns, where versions alone keep nodes apart, slow but exact; and without both, where
//! the same proof must fail.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::Cluster;
use earmark_load::audit::{Breach, BreachKind};
use earmark_load::latency::per_second;
use earmark_load::random::fresh_seed;
use earmark_load::{LoadError, catalogue, runtime};
use serde::Serialize;

use crate::books::{self, Counts, Stock};
use crate::findings::Findings;
use crate::stage::{Fleet, aside, database};
use crate::writers::{Crew, End, Plan, Writer};

/// The first is the hot one: most orders want it.
const SKUS: u32 = 9;
const NODES: usize = 4;
const WRITERS: usize = 64;
const DEADLINE: Duration = Duration::from_secs(20);
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// Without turns there is less to sell, since it is slow.
const SLOW_SHARE: u64 = 3;
/// The control has less to sell, since its nodes lock each other out for a second at a time, and need not sell out: what
/// was sold more than once is seen before.
const CONTROL_SHARE: u64 = 10;
const CONTROL_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks at what is left.
const PAUSE: Duration = Duration::from_millis(50);
const NO_TURNS: &str = "no_turns";
const NEITHER: &str = "no_turns_no_versions";

/// The settings of the proof.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
    /// Units of each SKU.
    #[arg(long, default_value_t = 300)]
    units: u64,
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
    without_turns_and_versions: Run,
    control_caught: bool,
    wall_ms: u64,
    pub(crate) passed: bool,
}

#[derive(Debug, Default, Serialize)]
struct Run {
    orders: Counts,
    /// Units of the scarce SKUs that were there, and that were sold by what customers were told.
    units: u64,
    units_sold: u64,
    orders_per_second: u64,
    findings: Findings,
}

pub(crate) fn prove(options: Options) -> Result<Report, LoadError> {
    runtime::block_on(async {
        let start = Instant::now();
        let run = sell(&options, None).await?;
        let without_turns = sell(&options, Some(NO_TURNS)).await?;
        let control = sell(&options, Some(NEITHER)).await?;
        let control_caught =
            control.units_sold > control.units && control.findings.has(BreachKind::StockDiffers);
        let sold_all = run.units_sold == run.units && without_turns.units_sold == without_turns.units;
        let passed = sold_all && run.findings.none() && without_turns.findings.none() && control_caught;
        let wall_ms = start.elapsed().as_millis() as u64;
        let (proof, without_turns_and_versions) = ("oversell-nodes", control);
        Ok(Report {
            proof,
            options,
            run,
            without_turns,
            without_turns_and_versions,
            control_caught,
            wall_ms,
            passed,
        })
    })
}

async fn sell(options: &Options, fault: Option<&str>) -> Result<Run, LoadError> {
    let (on_hand, limit) = match fault {
        Some(NEITHER) => (options.units / CONTROL_SHARE, CONTROL_LIMIT),
        Some(_) => (options.units / SLOW_SHARE, RUN_LIMIT),
        None => (options.units, RUN_LIMIT),
    };
    let stock = Stock { skus: SKUS, on_hand };
    let (cluster, mut fleet) = open(&options.earmark, stock, fault).await?;
    let plan = Plan { hot_percent: 60, quantity_max: 1, cancel_percent: 0, ..Plan::new(SKUS) };
    let start = Instant::now();
    let crew = Crew::start(&fleet.clients(DEADLINE), &plan, WRITERS, options.seed);
    let is_sold_out = sold_out(&fleet, limit).await?;
    if is_sold_out {
        // Whoever comes now comes too late, at each node.
        let refusals = crew.progress.out_of_stock() + 2 * WRITERS as u64;
        crew.wait(RUN_LIMIT, "refusals", |progress| progress.out_of_stock() >= refusals).await?;
    }
    let orders_per_second = per_second(crew.progress.all(), start.elapsed());
    let mut writers = crew.stop().await?;

    let mut run = Run { units: on_hand * u64::from(SKUS), orders_per_second, ..Run::default() };
    run.units_sold = writers.iter().map(units_sold).sum();
    run.findings.add(writers.iter_mut().flat_map(|writer| writer.breaches.drain(..)));
    run.findings.add(fleet.ended());
    let (orders, breaches) = books::check(&fleet, &writers, stock).await?;
    run.orders = orders;
    run.findings.add(breaches);
    if run.units_sold > run.units || (is_sold_out && run.units_sold != run.units) {
        let detail = format!("{} units of {}", run.units_sold, run.units);
        run.findings.add([Breach::new(BreachKind::StockDiffers, "sold", detail)]);
    }
    drop(fleet);
    drop(cluster);
    Ok(run)
}

/// Waits until nothing is left; false: not within `limit`.
async fn sold_out(fleet: &Fleet, limit: Duration) -> Result<bool, LoadError> {
    let (client, start) = (fleet.client(), Instant::now());
    while !catalogue::list(&client, "/v1/items?in_stock=true").await?.is_empty() {
        if start.elapsed() > limit {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}

async fn open(earmark: &Path, stock: Stock, fault: Option<&str>) -> Result<(Cluster, Fleet), LoadError> {
    let cluster = aside(Cluster::start).await?;
    let url = cluster.create_database().map_err(database)?;
    let fleet = Fleet::start(earmark, &vec![url; NODES], fault).await?;
    catalogue::create(&fleet.client(), u64::from(stock.skus), stock.on_hand).await?;
    Ok((cluster, fleet))
}

/// Units that this writer was told are its own.
fn units_sold(writer: &Writer) -> u64 {
    let orders = writer.placements.iter().filter_map(|placement| match &placement.end {
        End::Placed(order) => Some(order),
        End::OutOfStock | End::Unknown => None,
    });
    let lines = orders.flat_map(|order| order.lines.values());
    lines.map(|line| u64::from(line.quantity - line.cancelled)).sum()
}

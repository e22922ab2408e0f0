//! Do four nodes sell more than there is? Writers order one hot SKU and a few others until all of
//! it is gone. Then the units sold are exactly the stock, and a refused order holds nothing.
//!
//! It runs three times: as it is; without turns, where versions alone keep the nodes apart, slowly
//! but exactly; and as the negative control without both, where the same comparison must fail.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_load::latency::per_second;
use earmark_load::{Client, LoadError, catalogue, requests};
use earmark_random::fresh_seed;
use serde::Serialize;

use crate::check::{Breach, BreachKind, Findings};
use crate::placements::{self, Counts, Stock};
use crate::report::{Outcome, Prove};
use crate::setup::{start_cluster, start_nodes};
use crate::writers::{End, Plan, Writer, Writers};

/// The first is the hot one, which most orders hold.
const SKUS: u32 = 9;
const NODES: usize = 4;
const WRITERS: usize = 64;
const DEADLINE: Duration = Duration::from_secs(20);
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// Without turns there is less to sell, since it is slow.
const SLOW_SHARE: u64 = 3;
/// The control has less to sell, since its nodes lock each other out for a second at a time, and
/// need not sell out: what was sold more than once is seen before.
const CONTROL_SHARE: u64 = 10;
const CONTROL_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks at what is left.
const PAUSE: Duration = Duration::from_millis(50);
const NO_TURNS: &str = "no_turns";
const NEITHER: &str = "no_turns_no_versions";

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Units of each SKU.
    #[arg(long, default_value_t = 300)]
    units: u64,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    run: Run,
    without_turns: Run,
    without_turns_and_versions: Run,
}

#[derive(Debug, Default, Serialize)]
struct Run {
    orders: Counts,
    /// Units of the scarce SKUs that were there, and that were sold by acknowledged orders.
    units: u64,
    units_sold: u64,
    orders_per_second: u64,
    findings: Findings,
}

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let run = self.sell(earmark, None).await?;
        let without_turns = self.sell(earmark, Some(NO_TURNS)).await?;
        let control = self.sell(earmark, Some(NEITHER)).await?;
        let control_caught =
            control.units_sold > control.units && control.findings.has(BreachKind::StockDiffers);
        let sold_all = run.units_sold == run.units && without_turns.units_sold == without_turns.units;
        let is_right = sold_all && run.findings.none() && without_turns.findings.none();
        let figures = Figures { run, without_turns, without_turns_and_versions: control };
        Ok(Outcome { figures, is_right, control_caught: Some(control_caught) })
    }
}

impl Options {
    async fn sell(&self, earmark: &Path, fault: Option<&str>) -> Result<Run, LoadError> {
        let (on_hand, limit) = match fault {
            Some(NEITHER) => (self.units / CONTROL_SHARE, CONTROL_LIMIT),
            Some(_) => (self.units / SLOW_SHARE, RUN_LIMIT),
            None => (self.units, RUN_LIMIT),
        };
        let stock = Stock { skus: SKUS, on_hand };
        let (cluster, url) = start_cluster().await?;
        let mut nodes = start_nodes(earmark, vec![url; NODES], fault).await?;
        let client = nodes.first().client();
        catalogue::create(&client, u64::from(SKUS), on_hand).await?;
        let plan = Plan { hot_percent: 60, quantity_max: 1, cancel_percent: 0, ..Plan::new(SKUS) };
        let start = Instant::now();
        let writers = Writers::start(&nodes.clients_within(DEADLINE), &plan, WRITERS, self.seed);
        let is_sold_out = sold_out(&client, limit).await?;
        if is_sold_out {
            // What is ordered now is ordered too late, at each node.
            let refusals = writers.progress.out_of_stock() + 2 * WRITERS as u64;
            writers.wait(RUN_LIMIT, "refusals", |progress| progress.out_of_stock() >= refusals).await?;
        }
        let orders_per_second = per_second(writers.progress.all(), start.elapsed());
        let mut writers = writers.stop().await?;

        let mut run = Run { units: on_hand * u64::from(SKUS), orders_per_second, ..Run::default() };
        run.units_sold = writers.iter().map(units_sold).sum();
        let (orders, breaches) = placements::check(&mut nodes, &mut writers, stock).await?;
        run.orders = orders;
        run.findings.add(breaches);
        if run.units_sold > run.units || (is_sold_out && run.units_sold != run.units) {
            let detail = format!("{} units of {}", run.units_sold, run.units);
            run.findings.add([Breach::new(BreachKind::StockDiffers, "sold", detail)]);
        }
        drop(nodes);
        drop(cluster);
        Ok(run)
    }
}

/// Waits until nothing is left; false: not within `limit`.
async fn sold_out(client: &Client, limit: Duration) -> Result<bool, LoadError> {
    let start = Instant::now();
    while !requests::list(client, "/v1/items?in_stock=true").await?.is_empty() {
        if start.elapsed() > limit {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}

/// Units in the orders of this writer that were acknowledged.
fn units_sold(writer: &Writer) -> u64 {
    let orders = writer.placements.iter().filter_map(|placement| match &placement.end {
        End::Placed(order) => Some(order),
        End::OutOfStock | End::Unknown => None,
    });
    let lines = orders.flat_map(|order| order.lines.values());
    lines.map(|line| u64::from(line.quantity - line.cancelled)).sum()
}

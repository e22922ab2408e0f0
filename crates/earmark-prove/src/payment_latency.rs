//! How much longer does a payment take than its gateway? Payments are sent at a fixed rate,
//! answered or not, to a server whose gateway takes a fixed time. Both ends are measured in the
//! same run: at the client from the intended moment of sending, at the gateway from its request to
//! its answer.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::{Client, Database, LoadError, requests, tasks};
use earmark_random::{Random, fresh_seed, key};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind, Findings};
use crate::commands::{self, PlacedAs};
use crate::payments::gateway::Gateway;
use crate::payments::ledgers::Acknowledged;
use crate::payments::shop::{SKUS, Shop, ShopOptions};
use crate::payments::switch::{Seen, Switch};
use crate::report::{Outcome, Prove};
use crate::setup::start_cluster;

/// What a payment may take beyond the gateway, of 99 in a hundred.
const ADDED_MAX_US: u64 = 10_000;
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(5);
/// Orders placed at once, before anything is measured.
const PLACING: usize = 16;
/// Payments that are not measured: connections are opened and caches filled.
const WARM_UP: usize = 100;

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Payments that are sent a second.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For how long, on each database.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// What the gateway takes for each.
    #[arg(long, default_value_t = 50)]
    gateway_ms: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    database: &'static str,
    payments: u64,
    /// Of `POST /v1/orders/{id}/payments`, at the client.
    payment: LatencySummary,
    gateway: LatencySummary,
    added_p50_us: u64,
    added_p99_us: u64,
    findings: Findings,
}

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let (cluster, url) = start_cluster().await?;
        let on_file = run(self, earmark, Database::File).await?;
        let on_postgres = run(self, earmark, Database::Url(url)).await?;
        drop(cluster);
        let runs = vec![on_file, on_postgres];
        let is_right = runs.iter().all(|run| run.findings.none() && run.added_p99_us <= ADDED_MAX_US);
        Ok(Outcome { figures: Figures { runs }, is_right, control_caught: None })
    }
}

async fn run(options: &Options, earmark: &Path, database: Database) -> Result<Run, LoadError> {
    let on = if database == Database::File { "SQLite" } else { "PostgreSQL" };
    let gateway = slow_gateway(earmark, options.gateway_ms)?;
    let switch = Switch::start(gateway.address()).await?;
    let shop = ShopOptions::new(earmark, database, GATEWAY_TIMEOUT);
    let shop = Shop::open(&shop, &switch.url()).await?;
    let count = WARM_UP + (options.rate * options.seconds) as usize;
    let orders = place(&shop.client(), count).await?;

    let mut findings = Findings::default();
    let (warm_up, measured) = orders.split_at(WARM_UP);
    pay(&shop.client(), options.rate, warm_up, &mut findings).await?;
    *switch.seen() = Seen::default();
    let payment = pay(&shop.client(), options.rate, measured, &mut findings).await?.summary();
    let seen = switch.seen().latencies.summary();
    findings.add(shop.check(&gateway, &Acknowledged::default()).await?);
    Ok(Run {
        database: on,
        payments: measured.len() as u64,
        payment,
        gateway: seen,
        added_p50_us: payment.p50_us.saturating_sub(seen.p50_us),
        added_p99_us: payment.p99_us.saturating_sub(seen.p99_us),
        findings,
    })
}

/// Starts a gateway that takes so long for everything.
fn slow_gateway(earmark: &Path, gateway_ms: u64) -> Result<Gateway, LoadError> {
    let delay = format!("{gateway_ms}ms");
    Gateway::start(earmark, &["--fault-rate", "1", "--faults", "delay", "--delay", &delay])
}

/// Places orders to pay; returns their ids.
async fn place(client: &Client, count: usize) -> Result<Vec<String>, LoadError> {
    let mut placing = JoinSet::new();
    for flow in 0..PLACING {
        let client = client.clone();
        placing.spawn(async move {
            let mut random = Random::new(fresh_seed());
            let mut ids = Vec::new();
            for number in (flow..count).step_by(PLACING) {
                let line = [(number as u32 % SKUS, 1)];
                let request =
                    commands::place(&key(&mut random), &key(&mut random), &line, PlacedAs::Confirmed);
                let order = requests::expect(&client, &request, 201).await?;
                let order = order.json().map_err(LoadError::client(request.name()))?;
                ids.push(order["id"].as_str().unwrap_or_default().to_owned());
            }
            Ok::<_, LoadError>(ids)
        });
    }
    Ok(tasks::join_all(placing).await?.concat())
}

/// Pays orders, `rate` of them a second; a latency counts from the intended moment.
async fn pay(
    client: &Client,
    rate: u32,
    orders: &[String],
    findings: &mut Findings,
) -> Result<Latencies, LoadError> {
    let (mut paying, mut random) = (JoinSet::new(), Random::new(fresh_seed()));
    let every = Duration::from_secs(1) / rate;
    let start = Instant::now();
    for (order, number) in orders.iter().zip(0..) {
        let intended = start + every * number;
        tokio::time::sleep_until(intended.into()).await;
        let (client, request) = (client.clone(), commands::pay(&key(&mut random), order, "tok_ok"));
        paying.spawn(async move {
            let answer = client.send(&request).await.map_err(LoadError::client(request.name()))?;
            Ok::<_, LoadError>((intended.elapsed(), answer))
        });
    }
    let mut latencies = Latencies::default();
    for (took, answer) in tasks::join_all(paying).await? {
        latencies.record(took);
        if answer.status != 201 {
            let detail = format!("answered {}: {}", answer.status, answer.excerpt());
            findings.add([Breach::new(BreachKind::Refused, "a payment", detail)]);
        }
    }
    Ok(latencies)
}

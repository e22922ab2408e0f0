//! How much longer does a payment take than its gateway? Payments at a fixed rate, answered or not, before a gateway that takes its time; both ends are
//! measured in the same run: at the customer's from the intended moment of sending, at the gateway's from its request to its answer.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use earmark_cluster::Cluster;
use earmark_load::audit::{Breach, BreachKind};
use earmark_load::client::Client;
use earmark_load::commands::{self, PlacedAs};
use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::random::{Random, fresh_seed, key};
use earmark_load::{Database, LoadError, catalogue, runtime};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::findings::Findings;
use crate::payments::gateway::Gateway;
use crate::payments::judge::Told;
use crate::payments::shop::{self, SKUS, Shop};
use crate::payments::switch::{Seen, Switch};
use crate::stage::{aside, database};

/// What a payment may take beyond the gateway, of 99 in a hundred.
const ADDED_MAX_US: u64 = 10_000;
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(5);
/// Orders placed at once, before anything is measured.
const PLACING: usize = 16;
/// Payments that are not measured: connections are opened and caches filled.
const WARM_UP: usize = 100;

/// The settings.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// The `earmark` binary.
    #[arg(long)]
    #[serde(skip)]
    earmark: PathBuf,
    /// Payments a second.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For how long, on each database.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// What the gateway takes for each.
    #[arg(long, default_value_t = 50)]
    gateway_ms: u64,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    proof: &'static str,
    options: Options,
    runs: Vec<Run>,
    pub(crate) passed: bool,
}

#[derive(Debug, Serialize)]
struct Run {
    database: &'static str,
    payments: u64,
    /// `POST /v1/orders/{id}/payments`.
    payment: LatencySummary,
    /// The gateway's own.
    gateway: LatencySummary,
    added_p50_us: u64,
    added_p99_us: u64,
    findings: Findings,
}

pub(crate) fn measure(options: Options) -> Result<Report, LoadError> {
    runtime::block_on(async {
        let cluster = aside(Cluster::start).await?;
        let url = cluster.create_database().map_err(database)?;
        let on_file = run(&options, Database::File).await?;
        let on_postgres = run(&options, Database::Url(url)).await?;
        drop(cluster);
        let runs = vec![on_file, on_postgres];
        let passed = runs.iter().all(|run| run.findings.none() && run.added_p99_us <= ADDED_MAX_US);
        Ok(Report { proof: "payment-latency", options, runs, passed })
    })
}

async fn run(options: &Options, database: Database) -> Result<Run, LoadError> {
    let on = if database == Database::File { "SQLite" } else { "PostgreSQL" };
    let gateway = slow_gateway(&options.earmark, options.gateway_ms)?;
    let switch = Switch::start(gateway.address()).await?;
    let shop = shop::options(&options.earmark, database, GATEWAY_TIMEOUT);
    let shop = Shop::open(&shop, &switch.url()).await?;
    let count = WARM_UP + (options.rate * options.seconds) as usize;
    let orders = place(&shop.client(), count).await?;

    let mut findings = Findings::default();
    let (warm_up, measured) = orders.split_at(WARM_UP);
    pay(&shop.client(), (options.rate, warm_up), &mut findings).await?;
    *switch.seen() = Seen::default();
    let payment = pay(&shop.client(), (options.rate, measured), &mut findings).await?.summary();
    let seen = switch.seen().latencies.summary();
    findings.add(shop.judge(&gateway, &Told::default()).await?);
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

/// Takes so long for everything.
fn slow_gateway(earmark: &Path, gateway_ms: u64) -> Result<Gateway, LoadError> {
    let delay = format!("{gateway_ms}ms");
    Gateway::start(earmark, &["--fault-rate", "1", "--faults", "delay", "--delay", &delay])
}

/// Orders to pay; returns their ids.
async fn place(client: &Client, count: usize) -> Result<Vec<String>, LoadError> {
    let (mut placing, mut orders) = (JoinSet::new(), Vec::new());
    for flow in 0..PLACING {
        let client = client.clone();
        placing.spawn(async move {
            let mut random = Random::new(fresh_seed());
            let mut ids = Vec::new();
            for number in (flow..count).step_by(PLACING) {
                let line = [(number as u32 % SKUS, 1)];
                let request =
                    commands::place(&key(&mut random), &key(&mut random), &line, PlacedAs::Confirmed);
                let order = catalogue::expect(&client, &request, 201).await?;
                let order = order.json().map_err(LoadError::client(request.name()))?;
                ids.push(order["id"].as_str().unwrap_or_default().to_owned());
            }
            Ok::<_, LoadError>(ids)
        });
    }
    while let Some(ended) = placing.join_next().await {
        orders.extend(ended.unwrap_or_else(|error| Err(LoadError::Server(error.to_string())))?);
    }
    Ok(orders)
}

/// Pays them, so many a second; a latency counts from the intended moment.
async fn pay(
    client: &Client,
    (rate, orders): (u32, &[String]),
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
    while let Some(ended) = paying.join_next().await {
        let (took, answer) = ended.unwrap_or_else(|error| Err(LoadError::Server(error.to_string())))?;
        latencies.record(took);
        if answer.status != 201 {
            let detail = format!("answered {}: {}", answer.status, answer.excerpt());
            findings.add([Breach::new(BreachKind::Refused, "a payment", detail)]);
        }
    }
    Ok(latencies)
}

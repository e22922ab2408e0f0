//! What does a server do while its gateway is away? It takes orders, answers each payment as
//! PENDING, hardly calls the gateway, and settles everything soon after the gateway is back. There
//! are three ways of being away, each with a server and a gateway of its own, side by side.
//!
//! The time is shorter than the ten minutes that are promised, except with `--away-seconds 600`;
//! nothing else is scaled. A minute shows what the circuit breaker does. How soon all is settled
//! depends on how many payments wait, and so on the time and the rate.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_load::latency::{Latencies, LatencySummary};
use earmark_load::{Client, Database, LoadError, requests, tasks};
use earmark_random::{Random, fresh_seed, key};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind, Findings};
use crate::commands::{self, PlacedAs, payment_of};
use crate::payments::gateway::Gateway;
use crate::payments::ledgers::{Acknowledged, Money};
use crate::payments::shop::{FINAL_MAX, SKUS, Shop, ShopOptions};
use crate::payments::switch::{Switch, Way};
use crate::report::{Outcome, Prove};

const WAYS: [Way; 3] = [Way::Refusing, Way::Silent, Way::Failing];
const GATEWAY_TIMEOUT: Duration = Duration::from_millis(500);
/// Before the gateway goes away, all goes well for so long.
const BEFORE: Duration = Duration::from_secs(3);
/// The longest time without a call that is allowed, and how late the worker may be that makes the
/// next one.
const OPEN_MAX: Duration = Duration::from_secs(5);
const WORKER_PERIOD: Duration = Duration::from_millis(600);
/// What all that waited may take once the gateway is back.
const SETTLED_MAX: Duration = Duration::from_secs(30);
/// What the answer that a payment is PENDING may take.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Calls may be so many percent of the normal: one a payment.
const CALLS_PERCENT_MAX: u64 = 110;
/// Between two looks at how often the server has called.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// How long the gateway is away.
    #[arg(long, default_value_t = 60)]
    away_seconds: u64,
    /// Payments a second, answered or not.
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// Repeats a run, as far as chance goes.
    #[arg(long, default_value_t = fresh_seed())]
    seed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    runs: Vec<Run>,
}

/// One way of being away.
#[derive(Debug, Serialize)]
struct Run {
    way: Way,
    /// Orders placed and paid for while the gateway was away; below, how many payments were
    /// answered with which status, and how fast.
    payments_while_away: u64,
    answers: BTreeMap<u16, u64>,
    answered: LatencySummary,
    /// By the server's own count, and by that of the gateway's socket, which sees none that is
    /// refused.
    calls_while_away: u64,
    calls_seen_while_away: u64,
    /// Calls while away, of the payments while away.
    calls_percent: u64,
    /// A call that is never answered takes the gateway's timeout of it.
    longest_without_call_ms: u64,
    /// All calls until everything was settled, of all payments.
    calls_percent_in_all: u64,
    /// From the gateway's return until nothing was PENDING.
    settled_after_ms: u64,
    findings: Findings,
}

impl Prove for Options {
    type Figures = Figures;

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let [refusing, silent, failing] = WAYS.map(|way| run(self, earmark, way));
        let (refusing, silent, failing) = tokio::join!(refusing, silent, failing);
        let runs = vec![refusing?, silent?, failing?];
        let is_right = runs.iter().all(|run| run.findings.none());
        Ok(Outcome { figures: Figures { runs }, is_right, control_caught: None })
    }
}

async fn run(options: &Options, earmark: &Path, way: Way) -> Result<Run, LoadError> {
    let gateway = Gateway::start(earmark, &[])?;
    let switch = Switch::start(gateway.address()).await?;
    let shop = ShopOptions::new(earmark, Database::File, GATEWAY_TIMEOUT);
    let shop = Shop::open(&shop, &switch.url()).await?;
    let mut customers = Customers::new(shop.client(), options);

    customers.pay_for(BEFORE).await?;
    customers.expect(&[201]);
    let before = customers.take_counts();
    let calls_before = calls(&shop.client()).await?;
    let seen_before = switch.seen().requests.len();

    switch.turn(way);
    let (client, away) = (shop.client(), Duration::from_secs(options.away_seconds));
    let (paid, watched) = tokio::join!(customers.pay_for(away), longest_without_call(&client, away));
    paid?;
    let longest = watched?;
    let calls_while_away = calls(&shop.client()).await? - calls_before;
    let calls_seen_while_away = (switch.seen().requests.len() - seen_before) as u64;
    customers.expect(&[202]);
    let while_away = customers.take_counts();

    switch.turn(Way::Passing);
    let (settled_after, stalled) = shop.wait_until_final(FINAL_MAX).await?;
    let all_calls = calls(&shop.client()).await?;
    let mut findings = Findings::default();
    findings.add(customers.breaches.drain(..));
    findings.add(stalled);
    findings.add(shop.check(&gateway, &customers.acknowledged).await?);
    let percent = |calls: u64, payments: u64| calls * 100 / payments.max(1);
    let run = Run {
        way,
        payments_while_away: while_away.payments,
        calls_while_away,
        calls_seen_while_away,
        calls_percent: percent(calls_while_away, while_away.payments),
        longest_without_call_ms: longest.as_millis() as u64,
        calls_percent_in_all: percent(all_calls, before.payments + while_away.payments),
        settled_after_ms: settled_after.as_millis() as u64,
        answered: while_away.latencies.summary(),
        answers: while_away.answers,
        findings,
    };
    Ok(run.with_limits_checked())
}

impl Run {
    /// Adds the figures that are beyond what is promised to the findings.
    fn with_limits_checked(mut self) -> Run {
        let silence = if self.way == Way::Silent { GATEWAY_TIMEOUT } else { Duration::ZERO };
        let ms = |limit: Duration| limit.as_millis() as u64;
        let checks = [
            ("calls while away, percent", self.calls_percent, CALLS_PERCENT_MAX),
            ("calls in all, percent", self.calls_percent_in_all, CALLS_PERCENT_MAX),
            ("without a call, ms", self.longest_without_call_ms, ms(OPEN_MAX + silence + WORKER_PERIOD)),
            ("settled after, ms", self.settled_after_ms, ms(SETTLED_MAX)),
            ("answered after, ms", self.answered.max_us / 1_000, ms(ANSWER_MAX)),
        ];
        let late = checks.iter().filter(|(_, found, limit)| found > limit);
        let breach = |(what, found, limit): &(&str, u64, u64)| {
            Breach::new(BreachKind::Stalled, *what, format!("{found}, at most {limit}"))
        };
        let breaches: Vec<_> = late.map(breach).collect();
        self.findings.add(breaches);
        self
    }
}

/// Calls that the server has made, by its own count.
async fn calls(client: &Client) -> Result<u64, LoadError> {
    let answer = client.get("/metrics").await.map_err(LoadError::client("GET /metrics"))?;
    let text = String::from_utf8_lossy(&answer.body);
    let calls = text.lines().filter(|line| line.starts_with("earmark_gateway_calls_total"));
    Ok(calls.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}

/// Watches for so long how often the server calls. A call counts when it has ended, so each silent
/// one is seen a timeout late, and the time between two is right.
async fn longest_without_call(client: &Client, watched: Duration) -> Result<Duration, LoadError> {
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    let (mut known, mut changed) = (calls(client).await?, Instant::now());
    while start.elapsed() < watched {
        tokio::time::sleep(LOOK).await;
        let now = calls(client).await?;
        longest = longest.max(changed.elapsed());
        if now != known {
            (known, changed) = (now, Instant::now());
        }
    }
    Ok(longest)
}

/// Customers who order and pay, so many a second, however long each takes.
struct Customers {
    client: Client,
    rate: u32,
    random: Random,
    counted: Counted,
    acknowledged: Acknowledged,
    breaches: Vec<Breach>,
}

/// What was answered before the gateway went away, or while it was away.
#[derive(Default)]
struct Counted {
    payments: u64,
    answers: BTreeMap<u16, u64>,
    latencies: Latencies,
}

impl Customers {
    fn new(client: Client, options: &Options) -> Customers {
        let (random, counted) = (Random::new(options.seed), Counted::default());
        let acknowledged = Acknowledged::default();
        Customers { client, rate: options.rate, random, counted, acknowledged, breaches: Vec::new() }
    }

    async fn pay_for(&mut self, time: Duration) -> Result<(), LoadError> {
        let mut paying = JoinSet::new();
        let every = Duration::from_secs(1) / self.rate;
        let (start, mut number) = (Instant::now(), 0);
        while start.elapsed() < time {
            let random = Random::new(self.random.next_u64());
            paying.spawn(order_and_pay(self.client.clone(), random));
            number += 1;
            tokio::time::sleep_until((start + every * number).into()).await;
        }
        for paid in tasks::join_all(paying).await? {
            self.counted.payments += 1;
            *self.counted.answers.entry(paid.status).or_default() += 1;
            self.counted.latencies.record(paid.took);
            if let Some(id) = paid.id {
                self.acknowledged.add_payment(id, (paid.status == 201).then_some(Money::Moved));
            }
        }
        Ok(())
    }

    /// Adds every answer with another status to the breaches.
    fn expect(&mut self, statuses: &[u16]) {
        for (status, count) in self.counted.answers.iter().filter(|(status, _)| !statuses.contains(status)) {
            let detail = format!("{count} payments were answered so, and must be {statuses:?}");
            self.breaches.push(Breach::new(BreachKind::Refused, status.to_string(), detail));
        }
    }

    fn take_counts(&mut self) -> Counted {
        std::mem::take(&mut self.counted)
    }
}

struct Paid {
    status: u16,
    took: Duration,
    id: Option<String>,
}

/// An order that is not taken ends the run.
async fn order_and_pay(client: Client, mut random: Random) -> Result<Paid, LoadError> {
    let line = [(random.below(u64::from(SKUS)) as u32, 1)];
    let order = commands::place(&key(&mut random), &key(&mut random), &line, PlacedAs::Confirmed);
    let placed = requests::expect(&client, &order, 201).await?;
    let placed = placed.json().map_err(LoadError::client(order.name()))?;
    let order: Arc<str> = placed["id"].as_str().unwrap_or_default().into();
    let request = commands::pay(&key(&mut random), &order, "tok_ok");
    let start = Instant::now();
    let answer = client.send(&request).await.map_err(LoadError::client(request.name()))?;
    let took = start.elapsed();
    let id = payment_of(&answer).and_then(|payment| payment["id"].as_str().map(str::to_owned));
    Ok(Paid { status: answer.status, took, id })
}

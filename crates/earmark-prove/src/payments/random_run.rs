//! Does it hold whatever fails at any time? Thousands of payments are made while three of ten calls
//! to the gateway fail and servers are killed all the time. Then the faults stop, everything must
//! be final soon, and both ledgers must be the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use earmark_load::{Database, LoadError, requests, tasks};
use earmark_random::Random;
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use super::customers::{Counts, Customer};
use super::gateway::Gateway;
use super::operator::{Resolve, refund_again, resolve_by_hand};
use super::shop::{Shop, ShopOptions};
use crate::check::Findings;

/// Orders under way at once.
const FLOWS: u64 = 24;
/// What the gateway may take before a payment is PENDING, and what a late answer of it takes.
const GATEWAY_TIMEOUT: Duration = Duration::from_millis(400);
const DELAY: &str = "700ms";
/// The faults that the gateway has, all of which must have happened.
const FAULT_KINDS: usize = 12;
const FAULT_RATE: &str = "0.3";
/// Between two kills, milliseconds: long enough for a payment without an answer to be settled
/// between some two of them. Below, from a kill to the restart.
const BETWEEN_KILLS_MS: (u64, u64) = (100, 700);
const DOWN_MS: (u64, u64) = (0, 150);
/// Between two rounds of the operator who resolves payments by hand.
const OPERATOR_PAUSE: Duration = Duration::from_millis(700);
/// Rounds in which what is owed to customers is refunded; nothing fails any more, so one is enough.
const ROUNDS_MAX: u32 = 3;

#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    pub(super) earmark: &'a Path,
    pub(super) database: Database,
    pub(super) nodes: u32,
    pub(super) orders: u64,
    pub(super) seed: u64,
    /// How soon everything must be final once nothing fails any more.
    pub(super) final_max: Duration,
    /// The name of a fault that the servers put in on purpose.
    pub(super) mistake: Option<&'a str>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Run {
    database: &'static str,
    nodes: u32,
    /// Servers killed with -9.
    kills: u64,
    answers: Counts,
    /// Attempts that are stored, by status.
    payments: BTreeMap<String, u64>,
    refunds: BTreeMap<String, u64>,
    resolved_by_hand: u64,
    /// Refunds made again because the gateway had refused the first.
    refunds_made_again: u64,
    /// Calls that the gateway got, and faults that it had.
    gateway_calls: BTreeMap<String, u64>,
    gateway_faults: BTreeMap<String, u64>,
    /// What the gateway took and gave back by its own ledger, in the minor unit.
    taken: i64,
    returned: i64,
    load_ms: u64,
    /// From the end of the faults until nothing was PENDING.
    all_final_ms: u64,
    pub(super) findings: Findings,
}

pub(super) async fn run(plan: Plan<'_>) -> Result<Run, LoadError> {
    let seed = plan.seed.to_string();
    let arguments = ["--fault-rate", FAULT_RATE, "--delay", DELAY, "--seed", &seed];
    let mut gateway = Gateway::start(plan.earmark, &arguments)?;
    let options = ShopOptions {
        nodes: plan.nodes,
        fault: plan.mistake.map(str::to_owned),
        ..ShopOptions::new(plan.earmark, plan.database.clone(), GATEWAY_TIMEOUT)
    };
    let mut shop = Shop::open(&options, &format!("http://{}", gateway.address())).await?;
    gateway.restart_notifying(&shop.notifications_url())?;
    let database = if plan.database == Database::File { "SQLite" } else { "PostgreSQL" };
    let mut run = Run { database, nodes: plan.nodes, ..Run::default() };

    let start = Instant::now();
    let customers = run.load(&plan, &mut shop, &gateway).await?;
    run.load_ms = start.elapsed().as_millis() as u64;
    run.answers = customers.counts;
    run.findings.add(customers.breaches);

    gateway.stop_faults().await?;
    let clients = shop.nodes.clients();
    let resolving = async {
        let mut random = Random::stream(plan.seed, FLOWS + 2);
        loop {
            let resolved = resolve_by_hand(&clients, &gateway, Resolve::OnlyByHand, &mut random).await?;
            run.resolved_by_hand += resolved;
            tokio::time::sleep(OPERATOR_PAUSE).await;
        }
    };
    let (took, stalled) = tokio::select! {
        waited = shop.wait_until_final(plan.final_max) => waited?,
        failed = resolving => {
            let failed: Result<std::convert::Infallible, LoadError> = failed;
            return Err(failed.map_or_else(|error| error, |never| match never {}));
        }
    };
    run.all_final_ms = took.as_millis() as u64;
    run.findings.add(stalled);
    let mut random = Random::stream(plan.seed, u64::MAX);
    for _ in 0..ROUNDS_MAX {
        let made = refund_again(&shop.client(), &mut random).await?;
        run.refunds_made_again += made;
        if made == 0 {
            break;
        }
        run.findings.add(shop.wait_until_final(plan.final_max).await?.1);
    }
    run.findings.add(shop.check(&gateway, &customers.acknowledged).await?);
    run.count(&shop, &gateway).await?;
    Ok(run)
}

impl Run {
    /// Whether everything was tried that can go wrong: a run without it shows nothing.
    pub(super) fn was_hard(&self) -> bool {
        self.kills > 0 && self.gateway_faults.len() == FAULT_KINDS
    }

    /// Customers order and pay, an operator resolves by hand, and servers are killed, until the
    /// last order is done.
    async fn load(
        &mut self,
        plan: &Plan<'_>,
        shop: &mut Shop,
        gateway: &Gateway,
    ) -> Result<Customer, LoadError> {
        let clients: Arc<[_]> = shop.nodes.clients().into();
        let (next, orders) = (Arc::new(AtomicU64::new(0)), plan.orders);
        let mut flows = JoinSet::new();
        for flow in 0..FLOWS {
            let mut customer = Customer::new(Arc::clone(&clients), Random::stream(plan.seed, flow));
            let next = Arc::clone(&next);
            flows.spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < orders {
                    customer.order_and_pay().await?;
                }
                Ok::<_, LoadError>(customer)
            });
        }
        let done = AtomicBool::new(false);
        let ordering = async {
            let mut all = Customer::new(Arc::clone(&clients), Random::new(plan.seed));
            let mut first_error = Ok(());
            while let Some(ended) = flows.join_next().await {
                match tasks::result_of(ended) {
                    Ok(customer) => all.absorb(customer),
                    Err(error) => first_error = first_error.and(Err(error)),
                }
            }
            done.store(true, Ordering::Relaxed);
            first_error.map(|()| all)
        };
        let resolving = async {
            let (mut random, mut resolved) = (Random::stream(plan.seed, FLOWS), 0);
            while !done.load(Ordering::Relaxed) {
                tokio::time::sleep(OPERATOR_PAUSE).await;
                resolved += resolve_by_hand(&clients, gateway, Resolve::Any, &mut random).await?;
            }
            Ok::<_, LoadError>(resolved)
        };
        let killing = kill_at_random(shop, Random::stream(plan.seed, FLOWS + 1), &done);
        let (customers, resolved, kills) = tokio::join!(ordering, resolving, killing);
        self.kills = kills?;
        self.resolved_by_hand = resolved?;
        customers
    }

    /// Counts what is stored, and what the gateway holds, in the end.
    async fn count(&mut self, shop: &Shop, gateway: &Gateway) -> Result<(), LoadError> {
        let by_status = |rows: &[Value]| {
            let mut counts = BTreeMap::new();
            for row in rows {
                *counts.entry(row["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
            counts
        };
        self.payments = by_status(&requests::list(&shop.client(), "/v1/payments").await?);
        self.refunds = by_status(&requests::list(&shop.client(), "/v1/refunds").await?);
        (self.gateway_calls, self.gateway_faults) = (gateway.calls().await?, gateway.faults().await?);
        for entry in gateway.entries().await?.iter().filter(|entry| entry["status"] == "done") {
            let sum = if entry["kind"] == "charge" { &mut self.taken } else { &mut self.returned };
            *sum += entry["amount"].as_i64().unwrap_or_default();
        }
        Ok(())
    }
}

/// Kills one server at a time, and sometimes all of them at once; returns how many.
async fn kill_at_random(shop: &mut Shop, mut random: Random, done: &AtomicBool) -> Result<u64, LoadError> {
    let mut kills = 0;
    let pause = |random: &mut Random, (low, high)| {
        tokio::time::sleep(Duration::from_millis(random.between(low, high)))
    };
    loop {
        pause(&mut random, BETWEEN_KILLS_MS).await;
        if done.load(Ordering::Relaxed) {
            return Ok(kills);
        }
        let count = shop.nodes.len();
        let only = (!random.percent(20)).then(|| random.below(count as u64) as usize);
        let victims: Vec<_> = (0..count).filter(|number| only.is_none_or(|only| only == *number)).collect();
        for &number in &victims {
            shop.nodes.kill(number);
            kills += 1;
        }
        pause(&mut random, DOWN_MS).await;
        for number in victims {
            shop.nodes.restart(number).await?;
        }
    }
}

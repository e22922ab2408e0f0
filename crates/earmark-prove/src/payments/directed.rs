//! Does it hold at every step? One payment, or one refund, for each step of the protocol; the server dies exactly there, is started again, and the customer
//! asks again under the same key. Then everything must be as if nothing had happened: one charge, one refund, told and written down.
//!
//! Invariant: a step at which the server did not die proves nothing, and is a failure.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_load::audit::{Breach, BreachKind};
use earmark_load::client::Request;
use earmark_load::commands::{self, PlacedAs, payment_of, send_to_any};
use earmark_load::random::{Random, fresh_seed, key};
use earmark_load::{Database, LoadError};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use super::gateway::Gateway;
use super::judge::{Money, Told};
use super::shop::{self, FINAL_MAX, Shop, ShopOptions};
use crate::stage::FAULT;

/// Steps that are tried at once.
const AT_ONCE: usize = 6;
const GATEWAY_TIMEOUT: Duration = Duration::from_millis(400);
/// How long the gateway holds back an effect: the server is killed meanwhile.
const DELAY: &str = "1500ms";
/// What a server may take until it dies.
const DEATH_MAX: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);
/// Units of one SKU in an order, and what goes back of it.
const QUANTITY: u32 = 3;
const REFUND: i64 = 101;

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Charge,
    Refund,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Charge => "charge",
            Side::Refund => "refund",
        }
    }
}

/// How the server dies.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// By itself, before or after it takes this step; the two words are those of a charge and of a refund.
    ByItself(&'static str, [&'static str; 2]),
    /// Killed from outside while the gateway holds the call, and before it has done anything.
    BeforeEffect,
    /// Killed from outside once the gateway has done it, and before it answers.
    AfterEffect,
}

/// A step of the protocol.
#[derive(Debug, Clone, Copy)]
struct Step {
    name: &'static str,
    death: Death,
    /// What the gateway does with the calls, one each.
    script: &'static [&'static str],
}

const BEGIN: [&str; 2] = ["start_payment", "create_refund"];
const CALL: [&str; 2] = ["charge", "refund"];
const FIND: [&str; 2] = ["find_charge", "find_refund"];
const SETTLE: [&str; 2] = ["settle_payment", "settle_refund"];

/// All of them, on the way of a call that is answered at once, and of one that is asked for again.
const STEPS: [Step; 15] = [
    step("before the row is committed", Death::ByItself("before", BEGIN), &[]),
    step("after the row is committed", Death::ByItself("after", BEGIN), &[]),
    step("before the request is sent", Death::ByItself("before", CALL), &[]),
    step("sent, before the gateway's effect", Death::BeforeEffect, &["delay"]),
    step("after the gateway's effect, before its answer", Death::AfterEffect, &["silent_after"]),
    step("answered", Death::ByItself("after", CALL), &[]),
    step("before the answer is written down", Death::ByItself("before", SETTLE), &[]),
    step("after the answer is written down", Death::ByItself("after", SETTLE), &[]),
    step("before silence is written down, done", Death::ByItself("before", SETTLE), &["silent_after"]),
    step("after silence is written down, done", Death::ByItself("after", SETTLE), &["silent_after"]),
    step("after silence is written down, not done", Death::ByItself("after", SETTLE), &["silent_before"]),
    step("before it is asked for again", Death::ByItself("before", FIND), &["reset_after"]),
    step("asked for again and found", Death::ByItself("after", FIND), &["error_after"]),
    step("asked for again and not found", Death::ByItself("after", FIND), &["error_before"]),
    step("sent again and done, before the answer", Death::AfterEffect, &["reset_before", "silent_after"]),
];

const fn step(name: &'static str, death: Death, script: &'static [&'static str]) -> Step {
    Step { name, death, script }
}

/// What came of one step on one database.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    database: &'static str,
    side: &'static str,
    step: &'static str,
    /// `right`, or what was found.
    verdict: String,
    #[serde(skip)]
    pub(super) breaches: Vec<Breach>,
}

/// How many databases are needed on PostgreSQL.
pub(super) const DATABASES: usize = 2 * STEPS.len();

/// Tries every step of both sides on these databases, a new one for each.
pub(super) async fn run(earmark: &Path, databases: Vec<Database>) -> Result<Vec<Verdict>, LoadError> {
    let sides = [Side::Charge, Side::Refund].into_iter();
    let steps = sides.flat_map(|side| STEPS.into_iter().map(move |step| (side, step)));
    let mut left = steps.cycle().zip(databases);
    let (mut trying, mut verdicts) = (JoinSet::new(), Vec::new());
    loop {
        while trying.len() < AT_ONCE
            && let Some(((side, step), database)) = left.next()
        {
            let earmark = earmark.to_owned();
            trying.spawn(async move { try_step(&earmark, database, (side, step)).await });
        }
        let Some(ended) = trying.join_next().await else { break };
        verdicts.push(ended.unwrap_or_else(|error| Err(LoadError::Server(error.to_string())))?);
    }
    verdicts.sort_by_key(|verdict| {
        let place = STEPS.iter().position(|step| step.name == verdict.step);
        (verdict.database, verdict.side, place)
    });
    Ok(verdicts)
}

async fn try_step(
    earmark: &Path,
    database: Database,
    (side, step): (Side, Step),
) -> Result<Verdict, LoadError> {
    let on = if database == Database::File { "SQLite" } else { "PostgreSQL" };
    let gateway = Gateway::start(earmark, &["--delay", DELAY])?;
    let fault = match step.death {
        Death::ByItself(moment, words) => Some(format!("die_{moment}_{}", words[side as usize])),
        Death::BeforeEffect | Death::AfterEffect => None,
    };
    let options = ShopOptions { fault, ..shop::options(earmark, database, GATEWAY_TIMEOUT) };
    let mut shop = Shop::open(&options, &format!("http://{}", gateway.address())).await?;
    let mut attempt = Attempt::begin(&shop, side).await?;

    gateway.script(step.script).await?;
    // Nobody may be left to answer it; it is sent again below.
    let (client, request) = (shop.client(), attempt.request.clone());
    let sent = tokio::spawn(async move { client.send(&request).await });
    let died = die(&mut shop, &gateway, (side, step)).await?;
    sent.abort();
    shop.nodes.forget_environment(FAULT);
    shop.nodes.restart(0).await?;

    attempt.finish(&shop).await?;
    let mut breaches = shop.wait_until_final(FINAL_MAX).await?.1;
    if !died {
        let detail = format!("the server did not die {}", step.name);
        breaches.push(Breach::new(BreachKind::Stalled, side.name(), detail));
    }
    breaches.extend(shop.judge(&gateway, &attempt.told).await?);
    breaches.extend(attempt.compare(&gateway.entries().await?));
    let found: Vec<_> = breaches.iter().map(ToString::to_string).collect();
    let verdict = if found.is_empty() { "right".to_owned() } else { found.join("; ") };
    Ok(Verdict { database: on, side: side.name(), step: step.name, verdict, breaches })
}

/// Waits until the server has died at its step; false: it did not.
async fn die(shop: &mut Shop, gateway: &Gateway, (side, step): (Side, Step)) -> Result<bool, LoadError> {
    let start = Instant::now();
    let calls = step.script.len() as u64;
    while start.elapsed() < DEATH_MAX {
        let is_time = match step.death {
            Death::ByItself(..) => !shop.nodes.is_running(0),
            Death::BeforeEffect => {
                let called = gateway.calls().await?.get(side.name()).copied().unwrap_or_default() >= calls;
                called && count(&gateway.entries().await?, side) == 0
            }
            Death::AfterEffect => count(&gateway.entries().await?, side) > 0,
        };
        if is_time {
            shop.nodes.kill(0);
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    shop.nodes.kill(0);
    Ok(false)
}

fn count(entries: &[Value], side: Side) -> usize {
    entries.iter().filter(|entry| entry["kind"] == side.name()).count()
}

/// A customer with one order, and what is to be done with it.
struct Attempt {
    side: Side,
    total: i64,
    request: Request,
    told: Told,
}

impl Attempt {
    /// An order that can be paid, or one that is.
    async fn begin(shop: &Shop, side: Side) -> Result<Attempt, LoadError> {
        let (clients, mut random) = ([shop.client()], Random::new(fresh_seed()));
        let place =
            commands::place(&key(&mut random), &key(&mut random), &[(0, QUANTITY)], PlacedAs::Confirmed);
        let order = send_to_any(&clients, 0, &place).await?.response;
        let order = order.json().map_err(LoadError::client(place.name()))?;
        let id = order["id"].as_str().unwrap_or_default();
        let total = order["total"].as_i64().unwrap_or_default();
        let request = commands::pay(&key(&mut random), id, "tok_ok");
        let mut attempt = Attempt { side, total, request, told: Told::default() };
        if side == Side::Refund {
            attempt.finish(shop).await?;
            attempt.request = shop::refund(&key(&mut random), id, REFUND);
        }
        Ok(attempt)
    }

    /// Sends the request until it is answered, and remembers what was said.
    async fn finish(&mut self, shop: &Shop) -> Result<(), LoadError> {
        let answer = send_to_any(&[shop.client()], 0, &self.request).await?.response;
        let body = answer.json().unwrap_or_default();
        let id = payment_of(&answer).unwrap_or(body)["id"].as_str().unwrap_or_default().to_owned();
        match (answer.status, self.request.path.ends_with("/refunds")) {
            (201, true) => {
                self.told.refunds.insert(id);
            }
            (201 | 202, false) => {
                self.told.tell(id, (answer.status == 201).then_some(Money::Moved));
            }
            (status, _) => {
                let (request, body) = (self.request.name(), answer.excerpt());
                return Err(LoadError::Unexpected { request, status, body });
            }
        }
        Ok(())
    }

    /// Exactly what was asked for must have happened.
    fn compare(&self, entries: &[Value]) -> Option<Breach> {
        let moved: Vec<_> = entries.iter().map(|entry| (&entry["kind"], &entry["amount"])).collect();
        let charge = (&Value::from("charge"), &Value::from(self.total));
        let refund = (&Value::from("refund"), &Value::from(REFUND));
        let expected = if self.side == Side::Charge { vec![charge] } else { vec![charge, refund] };
        let detail = format!("moved {moved:?}, asked for {expected:?}");
        (moved != expected).then(|| Breach::new(BreachKind::Doubled, self.side.name(), detail))
    }
}

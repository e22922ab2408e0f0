//! Does it hold at every point of the protocol? For each point there is one payment, or one refund.
//! The server dies exactly there, is started again, and the client sends its request again under
//! the same key. Then everything must be as if nothing had happened: one charge, one refund, both
//! acknowledged and stored.
//!
//! Invariant: a point at which the server did not die proves nothing, and is a failure.

use std::path::Path;
use std::time::{Duration, Instant};

use earmark_load::{Database, LoadError, Request, tasks};
use earmark_random::{Random, fresh_seed, key};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use super::gateway::Gateway;
use super::ledgers::{Acknowledged, Money};
use super::operator::refund;
use super::shop::{FINAL_MAX, Shop, ShopOptions};
use crate::check::{Breach, BreachKind};
use crate::commands::{self, PlacedAs, payment_of};
use crate::sending::send_to_any;
use crate::setup::FAULT;

/// Points that are tried at once.
const AT_ONCE: usize = 6;
const GATEWAY_TIMEOUT: Duration = Duration::from_millis(400);
/// How long the gateway holds back an effect: the server is killed meanwhile.
const DELAY: &str = "1500ms";
/// What a server may take until it dies.
const DEATH_MAX: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);
/// Units of one SKU in an order, and what is refunded of it, minor units.
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
    /// By itself, before or after this action, which has a word for a charge and one for a refund.
    ByItself(&'static str, [&'static str; 2]),
    /// Killed from outside while the gateway holds the call, and before it has done anything.
    BeforeEffect,
    /// Killed from outside once the gateway has done it, and before it answers.
    AfterEffect,
}

/// A point of the protocol at which the server dies.
#[derive(Debug, Clone, Copy)]
struct CrashPoint {
    name: &'static str,
    death: Death,
    /// What the gateway does with the calls, one each.
    script: &'static [&'static str],
}

const BEGIN: [&str; 2] = ["start_payment", "create_refund"];
const CALL: [&str; 2] = ["charge", "refund"];
const FIND: [&str; 2] = ["find_charge", "find_refund"];
const SETTLE: [&str; 2] = ["settle_payment", "settle_refund"];

/// All of them, on the way of a call that is answered at once, and of one whose result is looked
/// up.
const CRASH_POINTS: [CrashPoint; 15] = [
    at("before the row is committed", Death::ByItself("before", BEGIN), &[]),
    at("after the row is committed", Death::ByItself("after", BEGIN), &[]),
    at("before the request is sent", Death::ByItself("before", CALL), &[]),
    at("sent, before the gateway's effect", Death::BeforeEffect, &["delay"]),
    at("after the gateway's effect, before its answer", Death::AfterEffect, &["silent_after"]),
    at("answered", Death::ByItself("after", CALL), &[]),
    at("before the answer is written down", Death::ByItself("before", SETTLE), &[]),
    at("after the answer is written down", Death::ByItself("after", SETTLE), &[]),
    at("before silence is written down, done", Death::ByItself("before", SETTLE), &["silent_after"]),
    at("after silence is written down, done", Death::ByItself("after", SETTLE), &["silent_after"]),
    at("after silence is written down, not done", Death::ByItself("after", SETTLE), &["silent_before"]),
    at("before it is looked up", Death::ByItself("before", FIND), &["reset_after"]),
    at("looked up and found", Death::ByItself("after", FIND), &["error_after"]),
    at("looked up and not found", Death::ByItself("after", FIND), &["error_before"]),
    at("sent again and done, before the answer", Death::AfterEffect, &["reset_before", "silent_after"]),
];

const fn at(name: &'static str, death: Death, script: &'static [&'static str]) -> CrashPoint {
    CrashPoint { name, death, script }
}

/// What came of one crash point on one database.
#[derive(Debug, Serialize)]
pub(super) struct CrashResult {
    database: &'static str,
    side: &'static str,
    crash_point: &'static str,
    /// `right`, or what was found.
    result: String,
    #[serde(skip)]
    pub(super) breaches: Vec<Breach>,
}

/// Databases that are needed on each engine.
pub(super) const DATABASES: usize = 2 * CRASH_POINTS.len();

/// Tries every crash point of both sides on these databases, a new one for each.
pub(super) async fn run(earmark: &Path, databases: Vec<Database>) -> Result<Vec<CrashResult>, LoadError> {
    let sides = [Side::Charge, Side::Refund].into_iter();
    let points = sides.flat_map(|side| CRASH_POINTS.into_iter().map(move |point| (side, point)));
    let mut left = points.cycle().zip(databases);
    let (mut trying, mut results) = (JoinSet::new(), Vec::new());
    loop {
        while trying.len() < AT_ONCE
            && let Some(((side, point), database)) = left.next()
        {
            let earmark = earmark.to_owned();
            trying.spawn(async move { crash_at(&earmark, database, side, point).await });
        }
        let Some(ended) = trying.join_next().await else { break };
        results.push(tasks::result_of(ended)?);
    }
    results.sort_by_key(|result: &CrashResult| {
        let place = CRASH_POINTS.iter().position(|point| point.name == result.crash_point);
        (result.database, result.side, place)
    });
    Ok(results)
}

async fn crash_at(
    earmark: &Path,
    database: Database,
    side: Side,
    point: CrashPoint,
) -> Result<CrashResult, LoadError> {
    let on = if database == Database::File { "SQLite" } else { "PostgreSQL" };
    let gateway = Gateway::start(earmark, &["--delay", DELAY])?;
    let fault = match point.death {
        Death::ByItself(moment, words) => Some(format!("die_{moment}_{}", words[side as usize])),
        Death::BeforeEffect | Death::AfterEffect => None,
    };
    let options = ShopOptions { fault, ..ShopOptions::new(earmark, database, GATEWAY_TIMEOUT) };
    let mut shop = Shop::open(&options, &format!("http://{}", gateway.address())).await?;
    let mut attempt = Attempt::begin(&shop, side).await?;

    gateway.script(point.script).await?;
    // The server may die before it answers; the request is sent again below.
    let (client, request) = (shop.client(), attempt.request.clone());
    let sent = tokio::spawn(async move { client.send(&request).await });
    let died = wait_for_death(&mut shop, &gateway, side, point).await?;
    sent.abort();
    shop.nodes.forget_environment(FAULT);
    shop.nodes.restart(0).await?;

    attempt.finish(&shop).await?;
    let mut breaches = shop.wait_until_final(FINAL_MAX).await?.1;
    if !died {
        let detail = format!("the server did not die {}", point.name);
        breaches.push(Breach::new(BreachKind::Stalled, side.name(), detail));
    }
    breaches.extend(shop.check(&gateway, &attempt.acknowledged).await?);
    breaches.extend(attempt.compare(&gateway.entries().await?));
    let found: Vec<_> = breaches.iter().map(ToString::to_string).collect();
    let result = if found.is_empty() { "right".to_owned() } else { found.join("; ") };
    Ok(CrashResult { database: on, side: side.name(), crash_point: point.name, result, breaches })
}

/// Waits until the server has died at its crash point; false: it did not.
async fn wait_for_death(
    shop: &mut Shop,
    gateway: &Gateway,
    side: Side,
    point: CrashPoint,
) -> Result<bool, LoadError> {
    let start = Instant::now();
    let calls = point.script.len() as u64;
    while start.elapsed() < DEATH_MAX {
        let is_time = match point.death {
            Death::ByItself(..) => !shop.nodes.ended().is_empty(),
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

/// One order, and the request that is to be carried out once.
struct Attempt {
    side: Side,
    total: i64,
    request: Request,
    acknowledged: Acknowledged,
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
        let mut attempt = Attempt { side, total, request, acknowledged: Acknowledged::default() };
        if side == Side::Refund {
            attempt.finish(shop).await?;
            attempt.request = refund(&key(&mut random), id, REFUND);
        }
        Ok(attempt)
    }

    /// Sends the request until it is answered, and keeps what was acknowledged.
    async fn finish(&mut self, shop: &Shop) -> Result<(), LoadError> {
        let answer = send_to_any(&[shop.client()], 0, &self.request).await?.response;
        let body = answer.json().unwrap_or_default();
        let id = payment_of(&answer).unwrap_or(body)["id"].as_str().unwrap_or_default().to_owned();
        match (answer.status, self.request.path.ends_with("/refunds")) {
            (201, true) => {
                self.acknowledged.refunds.insert(id);
            }
            (201 | 202, false) => {
                self.acknowledged.add_payment(id, (answer.status == 201).then_some(Money::Moved));
            }
            _ => {
                return Err(LoadError::unexpected(&self.request, &answer));
            }
        }
        Ok(())
    }

    /// Compares what the gateway moved with what was requested.
    fn compare(&self, entries: &[Value]) -> Option<Breach> {
        let moved: Vec<_> = entries.iter().map(|entry| (&entry["kind"], &entry["amount"])).collect();
        let charge = (&Value::from("charge"), &Value::from(self.total));
        let refund = (&Value::from("refund"), &Value::from(REFUND));
        let expected = if self.side == Side::Charge { vec![charge] } else { vec![charge, refund] };
        let detail = format!("moved {moved:?}, requested {expected:?}");
        (moved != expected).then(|| Breach::new(BreachKind::Doubled, self.side.name(), detail))
    }
}

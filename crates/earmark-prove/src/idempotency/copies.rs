//! How is one command sent several times? Some copies at once on connections of their own, the rest
//! later, in random order, while other commands run. Some keys are used again with something
//! changed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use earmark_load::{Client, LoadError, Request, Response, tasks};
use earmark_random::Random;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind, Comparison, ExpectedOrder, ReplayCheck};
use crate::commands::create_cart;
use crate::sending::{Answered, send_to_any};

/// Items for sale: few, so that commands meet on them.
pub(super) const SKUS: u32 = 200;

/// Breaches that are kept; with more, the run ends early.
const BREACHES_MAX: usize = 20;
/// Of the copies after the first, so many in a hundred are sent late.
const LATE_PERCENT: u64 = 35;
/// Of the commands, so many in a hundred have their key used again with something changed.
const REUSE_PERCENT: u64 = 15;
/// Late copies that wait before any is sent, so that other commands come in between.
const LATE_WAITING: usize = 300;

/// Whether the copies of a command share their key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copies {
    /// They are one command.
    ShareTheirKey,
    /// The control: each copy is a command of its own, and the count of effects must show it.
    HaveOwnKeys,
}

/// A cart and what must be in it, by index of the SKU.
#[derive(Debug, Clone, Default)]
pub(super) struct ExpectedCart {
    pub(super) id: String,
    pub(super) lines: std::collections::BTreeMap<u32, u32>,
}

/// The state of a run, which all its tasks share.
pub(super) struct Run {
    /// A client of each node.
    nodes: Vec<Client>,
    /// Commands to send, each with a key of its own.
    pub(super) requests: u64,
    copies: Copies,
    /// Commands that were begun.
    pub(super) begun: AtomicU64,
    pub(super) reused: AtomicU64,
    pub(super) flows_done: AtomicBool,
    replays: Mutex<ReplayCheck>,
    breaches: Mutex<Vec<Breach>>,
    late: Mutex<Vec<(Request, Comparison)>>,
    orders: Mutex<Vec<ExpectedOrder>>,
    carts: Mutex<Vec<ExpectedCart>>,
    adjustments: Mutex<Vec<(u32, i64)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    pub(super) fn new(nodes: Vec<Client>, requests: u64, copies: Copies) -> Run {
        Run {
            nodes,
            requests,
            copies,
            begun: AtomicU64::new(0),
            reused: AtomicU64::new(0),
            flows_done: AtomicBool::new(false),
            replays: Mutex::default(),
            breaches: Mutex::default(),
            late: Mutex::default(),
            orders: Mutex::default(),
            carts: Mutex::default(),
            adjustments: Mutex::default(),
        }
    }

    /// A client of the first node, for what any can answer.
    pub(super) fn client(&self) -> &Client {
        &self.nodes[0]
    }

    /// Closes the idle connections of a node that was killed.
    pub(super) fn forget_connections(&self, node: usize) {
        self.nodes[node].forget_connections();
    }

    pub(super) fn replays(&self) -> MutexGuard<'_, ReplayCheck> {
        lock(&self.replays)
    }

    pub(super) fn breaches(&self) -> MutexGuard<'_, Vec<Breach>> {
        lock(&self.breaches)
    }

    pub(super) fn orders(&self) -> MutexGuard<'_, Vec<ExpectedOrder>> {
        lock(&self.orders)
    }

    pub(super) fn carts(&self) -> MutexGuard<'_, Vec<ExpectedCart>> {
        lock(&self.carts)
    }

    pub(super) fn adjustments(&self) -> MutexGuard<'_, Vec<(u32, i64)>> {
        lock(&self.adjustments)
    }

    /// True if so much is wrong that more load would find nothing new.
    pub(super) fn is_hopeless(&self) -> bool {
        self.breaches().len() >= BREACHES_MAX
    }

    pub(super) fn report(&self, breaches: impl IntoIterator<Item = Breach>) {
        let mut kept = self.breaches();
        for breach in breaches {
            // The control must be found wrong by what is stored, not by what was answered.
            let counts = self.copies == Copies::ShareTheirKey || is_effect(breach.kind);
            if counts && kept.len() < BREACHES_MAX {
                kept.push(breach);
            }
        }
    }

    /// Sends a command several times; returns an answer to it, or None if it was refused, which is
    /// a breach.
    pub(super) async fn perform(
        self: &Arc<Run>,
        request: Request,
        random: &mut Random,
    ) -> Result<Option<Response>, LoadError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let comparison = comparison_of(&request);
        let mut copies = JoinSet::new();
        // Copies that are sent at once go round the nodes, so that a key meets itself on two of
        // them.
        let first_node = self.draw_node(random);
        for copy in 0..random.between(2, 5) {
            let mut request = request.clone();
            if self.copies == Copies::HaveOwnKeys && copy > 0 {
                request.key = request.key.map(|key| format!("{key}-{copy}"));
            }
            if copy > 0 && random.percent(LATE_PERCENT) {
                lock(&self.late).push((request, comparison));
            } else {
                let run = Arc::clone(self);
                let node = first_node + copy as usize;
                copies.spawn(async move { send_to_any(&run.nodes, node, &request).await });
            }
        }
        let mut first = None;
        for answered in tasks::join_all(copies).await? {
            if self.record(&request, comparison, &answered) {
                first.get_or_insert(answered.response);
            }
        }
        if first.is_some() && self.copies == Copies::ShareTheirKey && random.percent(REUSE_PERCENT) {
            self.reuse_key(&request, random).await?;
        }
        Ok(first)
    }

    /// Compares an answer with earlier ones to its key; false if the command was refused.
    fn record(&self, request: &Request, comparison: Comparison, answered: &Answered) -> bool {
        let response = &answered.response;
        let declined = comparison == Comparison::Payment && response.status == 402;
        if !(200..300).contains(&response.status) && !declined {
            let detail = format!("answered {}: {}", response.status, response.excerpt());
            self.report([Breach::new(BreachKind::Refused, subject(request), detail)]);
            return false;
        }
        let key = request.key.as_deref().unwrap_or_default();
        let breach = self.replays().record(key, comparison, answered);
        self.report(breach);
        true
    }

    fn draw_node(&self, random: &mut Random) -> usize {
        random.below(self.nodes.len() as u64) as usize
    }

    /// Uses the key of an answered command for something else.
    async fn reuse_key(&self, request: &Request, random: &mut Random) -> Result<(), LoadError> {
        let key = request.key.as_deref().unwrap_or_default();
        let changed = if random.percent(30) && request.path != "/v1/carts" {
            create_cart(key)
        } else {
            match change_body(request) {
                Some(changed) => changed,
                None => return Ok(()),
            }
        };
        self.reused.fetch_add(1, Ordering::Relaxed);
        let response = send_to_any(&self.nodes, self.draw_node(random), &changed).await?.response;
        if response.status != 422 || response.code() != "idempotency_key_reused" {
            let was = format!("{} {}", request.name(), String::from_utf8_lossy(&request.body));
            let now = format!("{} {}", changed.name(), String::from_utf8_lossy(&changed.body));
            let detail = format!("{now} answered {} {}, after {was}", response.status, response.excerpt());
            self.report([Breach::new(BreachKind::ReuseAccepted, format!("key {key}"), detail)]);
        }
        Ok(())
    }
}

/// What is found by counting effects alone.
fn is_effect(kind: BreachKind) -> bool {
    use BreachKind::{CartDiffers, Doubled, StockDiffers};
    matches!(kind, CartDiffers | Doubled | StockDiffers)
}

fn subject(request: &Request) -> String {
    format!("{} {}", request.name(), String::from_utf8_lossy(&request.body))
}

fn comparison_of(request: &Request) -> Comparison {
    if request.path.ends_with("/payments") { Comparison::Payment } else { Comparison::Bytes }
}

/// The same request with one value of its body changed to another that is valid, too.
fn change_body(request: &Request) -> Option<Request> {
    let mut body: Value = serde_json::from_slice(&request.body).ok()?;
    let raise = |value: &Value| json!(value.as_i64().unwrap_or_default() + 1);
    if body["method"]["token"] == "tok_ok" {
        body["method"]["token"] = json!("tok_declined");
    } else if body["method"]["token"].is_string() {
        body["method"]["token"] = json!("tok_ok");
    } else if body["lines"][0]["quantity"].is_number() {
        body["lines"][0]["quantity"] = raise(&body["lines"][0]["quantity"]);
    } else if body["delta"].is_number() {
        // A delta of 0 would be refused for itself.
        body["delta"] = if body["delta"] == -1 { json!(1) } else { raise(&body["delta"]) };
    } else if body["quantity"].is_number() {
        body["quantity"] = raise(&body["quantity"]);
    } else if body["reference"].is_string() {
        body["reference"] = json!("another");
    } else if body["reason"].is_string() {
        body["reason"] = json!("other");
    } else if body["customer_id"].is_string() {
        body["customer_id"] = json!("another");
    } else {
        return None;
    }
    let mut changed = request.clone();
    changed.body = body.to_string().into_bytes();
    Some(changed)
}

/// Sends late copies, in random order, until all flows are done and none is left.
pub(super) async fn keep_sending_late(run: Arc<Run>, mut random: Random) -> Result<(), LoadError> {
    loop {
        let done = run.flows_done.load(Ordering::Acquire);
        let drawn = {
            let mut late = lock(&run.late);
            let waiting = late.len();
            let ready = if done { waiting > 0 } else { waiting > LATE_WAITING };
            ready.then(|| late.swap_remove(random.below(waiting as u64) as usize))
        };
        match drawn {
            Some((request, comparison)) => {
                let answered = send_to_any(&run.nodes, run.draw_node(&mut random), &request).await?;
                run.record(&request, comparison, &answered);
            }
            None if done => return Ok(()),
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{PlacedAs, add_to_cart, adjust, cancel, pay, place, place_cart};

    #[test]
    fn changed_request_differs_in_its_body_alone() {
        for request in [
            place("k", "r", &[(1, 2)], PlacedAs::Created),
            place_cart("k", "r", "cart_1"),
            pay("k", "ord_1", "tok_ok"),
            pay("k", "ord_1", "tok_declined"),
            cancel("k", "ord_1", &[]),
            cancel("k", "ord_1", &[(1, 1)]),
            adjust("k", 1, -5),
            create_cart("k"),
            add_to_cart("k", "cart_1", 1, 1),
        ] {
            let changed = change_body(&request).unwrap();
            assert_ne!(changed.body, request.body);
            assert_eq!(Request { body: request.body.clone(), ..changed }, request);
        }
    }
}

//! Is each payment settled once, and each refund made once? Payments use tokens whose gateway does
//! not answer in time, or fails first; orders are cancelled while their payment is pending, and
//! after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_load::{Client, Database, LoadError, Nodes, Request, requests, tasks};
use earmark_random::{Random, fresh_seed, key};
use serde_json::Value;
use tokio::task::JoinSet;

use super::events::{ExpectedEvents, compare};
use super::orders::{FLOWS, NodesOnDatabase, SKUS, check, id_in};
use crate::check::{Breach, BreachKind};
use crate::commands::{self, PlacedAs, payment_of};
use crate::sending::{send_to_any, wait_for_payment};

/// What the gateway may take before a payment is PENDING.
const GATEWAY_TIMEOUT: &str = "200ms";
/// What each payment and each refund may take to its end: some more tries than each can need.
const END_LIMIT: Duration = Duration::from_secs(120);
/// How often an order is read.
const POLL: Duration = Duration::from_millis(50);
/// The tokens, one after the other, and what must come of a payment with each.
const TOKENS: [(&str, Money); 5] = [
    ("tok_timeout_ok", Money::Taken),
    ("tok_error", Money::Taken),
    ("tok_timeout_declined", Money::NotTaken),
    ("tok_ok", Money::Taken),
    ("tok_declined", Money::NotTaken),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Money {
    Taken,
    NotTaken,
}

/// When an order is cancelled, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancel {
    Never,
    /// As soon as the payment's request was answered; it may be PENDING.
    AtOnce,
    AfterPayment,
}

pub(super) struct Settled {
    pub(super) settled_after: Duration,
    pub(super) refunds: usize,
    pub(super) control_caught: bool,
    pub(super) breaches: Vec<Breach>,
}

/// Places and pays so many orders at all nodes, and waits for the ends of payments and refunds.
pub(super) async fn run(
    nodes: &NodesOnDatabase<'_>,
    database: Database,
    count: usize,
) -> Result<Settled, LoadError> {
    let nodes = nodes.start(database, "--gateway-timeout", GATEWAY_TIMEOUT).await?;
    let customers = Customers { clients: nodes.clients().into(), seed: fresh_seed() };
    let paid = customers.pay_all(count).await?;
    let requested = Instant::now();
    let mut breaches = customers.wait_for_all(&paid).await?;
    let settled_after = requested.elapsed();
    let expected: Vec<_> = paid.iter().map(Paid::expected_events).collect();
    breaches.extend(check(&nodes, &expected).await?);
    let control_caught = control(&nodes, &customers).await?;
    let refunds = paid.iter().filter(|paid| paid.is_refunded()).count();
    Ok(Settled { settled_after, refunds, control_caught, breaches })
}

/// An order and its only payment.
#[derive(Debug, Clone)]
struct Paid {
    order: String,
    payment: String,
    money: Money,
    cancel: Cancel,
}

impl Paid {
    fn is_refunded(&self) -> bool {
        self.money == Money::Taken && self.cancel != Cancel::Never
    }

    fn expected_events(&self) -> ExpectedEvents {
        let payment = if self.money == Money::Taken { "payment.succeeded" } else { "payment.declined" };
        let cancelled = (self.cancel != Cancel::Never).then_some("order.cancelled");
        let refund = if self.is_refunded() { &["refund.created", "refund.succeeded"][..] } else { &[] };
        let types: Vec<_> = [payment].into_iter().chain(cancelled).chain(refund.iter().copied()).collect();
        ExpectedEvents::once(&self.order, &types)
    }
}

#[derive(Clone)]
struct Customers {
    clients: Arc<[Client]>,
    seed: u64,
}

impl Customers {
    async fn pay_all(&self, count: usize) -> Result<Vec<Paid>, LoadError> {
        let mut paying = JoinSet::new();
        for flow in 0..FLOWS {
            let customers = self.clone();
            paying.spawn(async move {
                let mut random = Random::stream(customers.seed, flow as u64);
                let mut paid = Vec::new();
                for number in (flow..count).step_by(FLOWS) {
                    paid.push(customers.pay(number, &mut random).await?);
                }
                Ok::<_, LoadError>(paid)
            });
        }
        Ok(tasks::join_all(paying).await?.concat())
    }

    /// Orders, pays and cancels, each at another node than the request before.
    async fn pay(&self, number: usize, random: &mut Random) -> Result<Paid, LoadError> {
        let (token, money) = TOKENS[number % TOKENS.len()];
        let cancel = [Cancel::Never, Cancel::AtOnce, Cancel::AfterPayment][number / TOKENS.len() % 3];
        let order = self.place(number, random).await?;
        let request = commands::pay(&key(random), &order, token);
        let answer = send_to_any(&self.clients, number + 1, &request).await?.response;
        let payment = payment_of(&answer).and_then(|payment| payment["id"].as_str().map(str::to_owned));
        let payment = payment.ok_or_else(|| LoadError::unexpected(&request, &answer))?;
        if cancel == Cancel::AfterPayment {
            wait_for_payment(&self.clients[number % self.clients.len()], &payment).await?;
        }
        if cancel != Cancel::Never {
            self.cancel(number + 2, &commands::cancel(&key(random), &order, &[])).await?;
        }
        Ok(Paid { order, payment, money, cancel })
    }

    /// A confirmed order of two units.
    async fn place(&self, node: usize, random: &mut Random) -> Result<String, LoadError> {
        let lines = [(random.below(u64::from(SKUS)) as u32, 2)];
        let request = commands::place(&key(random), &key(random), &lines, PlacedAs::Confirmed);
        let answer = send_to_any(&self.clients, node, &request).await?.response;
        id_in(&request, &answer)
    }

    async fn cancel(&self, node: usize, request: &Request) -> Result<(), LoadError> {
        let answer = send_to_any(&self.clients, node, request).await?.response;
        if answer.status == 200 { Ok(()) } else { Err(LoadError::unexpected(request, &answer)) }
    }

    /// Waits until each payment and each refund has its end.
    async fn wait_for_all(&self, paid: &[Paid]) -> Result<Vec<Breach>, LoadError> {
        let mut breaches = Vec::new();
        let start = Instant::now();
        for paid in paid {
            while let Some(open) = what_is_open(&self.read(&paid.order).await?, paid) {
                if start.elapsed() > END_LIMIT {
                    let subject = format!("order {}, payment {}", paid.order, paid.payment);
                    breaches.push(Breach::new(BreachKind::Stalled, subject, open));
                    break;
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(breaches)
    }

    async fn read(&self, order: &str) -> Result<Value, LoadError> {
        requests::read(&self.clients[0], &format!("/v1/orders/{order}")).await
    }
}

/// What an order still waits for; None: for nothing.
fn what_is_open(seen: &Value, paid: &Paid) -> Option<String> {
    let statuses = |list: &str| {
        let rows = seen[list].as_array().map(Vec::as_slice).unwrap_or_default();
        rows.iter().map(|row| row["status"].as_str().unwrap_or("absent").to_owned()).collect::<Vec<_>>()
    };
    let (payments, refunds) = (statuses("payments"), statuses("refunds"));
    let pending = payments.iter().chain(&refunds).any(|status| status == "PENDING");
    let missing = paid.is_refunded() && refunds.is_empty();
    (pending || missing).then(|| format!("payments are {payments:?}, refunds {refunds:?}"))
}

/// Expects an expiry that did not happen and one refund where there are two; true: exactly that is
/// found.
async fn control(nodes: &Nodes, customers: &Customers) -> Result<bool, LoadError> {
    let mut random = Random::stream(customers.seed, u64::MAX);
    let unpaid = customers.place(0, &mut random).await?;
    let order = customers.place(0, &mut random).await?;
    let request = commands::pay(&key(&mut random), &order, "tok_ok");
    let answer = send_to_any(&customers.clients, 0, &request).await?.response;
    let payment = payment_of(&answer).and_then(|payment| payment["id"].as_str().map(str::to_owned));
    let payment = payment.ok_or_else(|| LoadError::unexpected(&request, &answer))?;
    wait_for_payment(&customers.clients[0], &payment).await?;
    let line = sku_of(&customers.read(&order).await?);
    for node in 0..2 {
        customers.cancel(node, &commands::cancel(&key(&mut random), &order, &[(line, 1)])).await?;
    }
    let wrong = Paid { order, payment, money: Money::Taken, cancel: Cancel::AfterPayment };
    let late = customers.wait_for_all(std::slice::from_ref(&wrong)).await?;
    let expected =
        [ExpectedEvents::once(&unpaid, &["reservation.expired", "order.cancelled"]), wrong.expected_events()];
    let events = requests::list(&nodes.first().client(), "/v1/events").await?;
    let found = compare(&expected, &events);
    let kinds: Vec<_> = found.iter().map(|breach| breach.kind).collect();
    use BreachKind::{Doubled, Lost};
    Ok(late.is_empty() && kinds == [Lost, Lost, Doubled, Doubled])
}

/// The index of the only line's SKU.
fn sku_of(order: &Value) -> u32 {
    let sku = order["lines"][0]["sku"].as_str().and_then(|sku| sku.strip_prefix("SKU-")?.parse().ok());
    sku.unwrap_or_default()
}

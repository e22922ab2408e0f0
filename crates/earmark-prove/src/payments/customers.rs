//! What do customers do in a run? They order, pay, pay again when they were declined, send twice,
//! and cancel before, beside and after their payment. Refunds are requested at will, several at
//! once and together too much.
//!
//! Invariant: each request is sent until it is answered, and each answer is one of the contract's
//! or a breach; what is acknowledged is known from answers alone.

use std::sync::Arc;
use std::time::Duration;

use earmark_load::{Client, LoadError, Request, Response};
use earmark_random::{Random, key};
use serde::Serialize;
use serde_json::Value;

use super::ledgers::{Acknowledged, Money};
use super::operator::{NEVER_RIGHT, refund};
use super::shop::SKUS;
use crate::check::{Breach, BreachKind};
use crate::commands::{self, Lines, PlacedAs, payment_of};
use crate::sending::send_to_any;

/// Attempts of one customer to pay one order.
const TRIES_MAX: u32 = 3;
/// How long a customer waits before a cancellation beside the payment, milliseconds at most.
const BESIDE_MS: u64 = 400;
/// How often, and how long apart, an order that shall be refunded is read until it is paid.
const READS: u32 = 15;
const READ_PAUSE: Duration = Duration::from_millis(100);

/// The answers that were given, by what they say.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Counts {
    pub(crate) orders: u64,
    /// Answers to payments: taken, declined, not known yet, refused as second or too late.
    paid: u64,
    declined: u64,
    pending: u64,
    refused: u64,
    cancellations: u64,
    refunds_at_will: u64,
    /// Refused as more than was captured, or as nothing was.
    refunds_refused: u64,
}

impl Counts {
    fn absorb(&mut self, other: Counts) {
        self.orders += other.orders;
        self.paid += other.paid;
        self.declined += other.declined;
        self.pending += other.pending;
        self.refused += other.refused;
        self.cancellations += other.cancellations;
        self.refunds_at_will += other.refunds_at_will;
        self.refunds_refused += other.refunds_refused;
    }
}

/// What happens to one order besides that it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    Kept,
    /// Cancelled, whole or in part, while the payment is on its way.
    CancelledBeside(Extent),
    /// Cancelled after the payment was answered.
    CancelledAfter(Extent),
    /// The payment is sent to two servers at once under one key.
    SentTwice,
    /// Two payments are sent at once, under a key each.
    PaidTwice,
    /// Several refunds at once, that together are more than was captured.
    Refunded,
    /// The same, and cancelled beside them.
    RefundedAndCancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Part,
}

impl Scenario {
    fn draw(random: &mut Random) -> Scenario {
        match random.below(100) {
            0..=19 => Scenario::Kept,
            20..=31 => Scenario::CancelledBeside(Extent::Whole),
            32..=43 => Scenario::CancelledBeside(Extent::Part),
            44..=53 => Scenario::CancelledAfter(Extent::Whole),
            54..=63 => Scenario::CancelledAfter(Extent::Part),
            64..=71 => Scenario::SentTwice,
            72..=79 => Scenario::PaidTwice,
            80..=92 => Scenario::Refunded,
            _ => Scenario::RefundedAndCancelled,
        }
    }
}

/// One customer after the other, each with one order.
pub(crate) struct Customer {
    clients: Arc<[Client]>,
    random: Random,
    pub(crate) acknowledged: Acknowledged,
    pub(crate) counts: Counts,
    pub(crate) breaches: Vec<Breach>,
}

struct Order {
    id: String,
    lines: Lines,
    total: i64,
}

impl Customer {
    pub(crate) fn new(clients: Arc<[Client]>, random: Random) -> Customer {
        Customer {
            clients,
            random,
            acknowledged: Acknowledged::default(),
            counts: Counts::default(),
            breaches: Vec::new(),
        }
    }

    pub(crate) fn absorb(&mut self, other: Customer) {
        self.acknowledged.absorb(other.acknowledged);
        self.counts.absorb(other.counts);
        self.breaches.extend(other.breaches);
    }

    /// One order from its placement to all that its customer does with it.
    pub(crate) async fn order_and_pay(&mut self) -> Result<(), LoadError> {
        let scenario = Scenario::draw(&mut self.random);
        let order = self.place().await?;
        self.counts.orders += 1;
        let token = match self.random.below(100) {
            0..=3 => "tok_declined",
            4..=5 => NEVER_RIGHT,
            _ => "tok_ok",
        };
        match scenario {
            Scenario::CancelledBeside(extent) => {
                let payment = self.payment(&order, token);
                let cancellation = self.cancellation(&order, extent);
                let wait = Duration::from_millis(self.random.below(BESIDE_MS));
                let cancelled = async {
                    tokio::time::sleep(wait).await;
                    self.send(&cancellation).await
                };
                let (paid, cancelled) = tokio::join!(self.send(&payment), cancelled);
                self.count_payment(&payment, &paid?);
                self.count_cancellation(&cancellation, &cancelled?);
            }
            Scenario::SentTwice => {
                let payment = self.payment(&order, token);
                let (one, other) = tokio::join!(self.send(&payment), self.send(&payment));
                let (one, other) = (one?, other?);
                let ids = [self.count_payment(&payment, &one), self.count_payment(&payment, &other)];
                if let [Some(one), Some(other)] = ids
                    && one != other
                {
                    let detail = format!("one key, two payments: {one} and {other}");
                    self.breaches.push(Breach::new(BreachKind::Doubled, payment.name(), detail));
                }
            }
            Scenario::PaidTwice => {
                let payments = [self.payment(&order, token), self.payment(&order, token)];
                let (one, other) = tokio::join!(self.send(&payments[0]), self.send(&payments[1]));
                self.count_payment(&payments[0], &one?);
                self.count_payment(&payments[1], &other?);
            }
            _ => self.pay(&order, token).await?,
        }
        match scenario {
            Scenario::CancelledAfter(extent) => self.cancel(&order, extent).await?,
            Scenario::Refunded => self.refund(&order, None).await?,
            Scenario::RefundedAndCancelled => {
                let cancellation = self.cancellation(&order, Extent::Part);
                self.refund(&order, Some(cancellation)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends a request to any of the servers until it is answered, first to one by chance.
    async fn send(&self, request: &Request) -> Result<Response, LoadError> {
        // The key is random, so the node is as well.
        let first = request.key.as_ref().map_or(0, |key| key.bytes().map(usize::from).sum::<usize>());
        Ok(send_to_any(&self.clients, first % self.clients.len(), request).await?.response)
    }

    async fn place(&mut self) -> Result<Order, LoadError> {
        let random = &mut self.random;
        let sku = random.below(u64::from(SKUS)) as u32;
        let mut lines = vec![(sku, random.between(2, 4) as u32)];
        if random.percent(40) {
            lines.push(((sku + 1) % SKUS, random.between(1, 3) as u32));
        }
        let request = commands::place(&key(random), &key(random), &lines, PlacedAs::Confirmed);
        let answer = self.send(&request).await?;
        let made = answer.json().ok().filter(|_| answer.status == 201);
        let (id, total) = made
            .and_then(|made| Some((made["id"].as_str()?.to_owned(), made["total"].as_i64()?)))
            .ok_or_else(|| LoadError::unexpected(&request, &answer))?;
        Ok(Order { id, lines, total })
    }

    fn payment(&mut self, order: &Order, token: &str) -> Request {
        commands::pay(&key(&mut self.random), &order.id, token)
    }

    /// Pays, and while it is declined pays again under a new key and with another card.
    async fn pay(&mut self, order: &Order, token: &str) -> Result<(), LoadError> {
        let mut token = token;
        for _ in 0..TRIES_MAX {
            let payment = self.payment(order, token);
            let answer = self.send(&payment).await?;
            self.count_payment(&payment, &answer);
            if answer.status != 402 {
                break;
            }
            token = "tok_ok";
        }
        Ok(())
    }

    fn cancellation(&mut self, order: &Order, extent: Extent) -> Request {
        let part = [(order.lines[0].0, 1)];
        let lines = if extent == Extent::Whole { &[][..] } else { &part[..] };
        commands::cancel(&key(&mut self.random), &order.id, lines)
    }

    async fn cancel(&mut self, order: &Order, extent: Extent) -> Result<(), LoadError> {
        let cancellation = self.cancellation(order, extent);
        let answer = self.send(&cancellation).await?;
        self.count_cancellation(&cancellation, &answer);
        Ok(())
    }

    /// Requests three refunds at once, each of more than half of the total.
    async fn refund(&mut self, order: &Order, beside: Option<Request>) -> Result<(), LoadError> {
        self.wait_until_paid(order).await?;
        let requests = [(); 3].map(|()| refund(&key(&mut self.random), &order.id, order.total / 2 + 1));
        let answers =
            tokio::join!(self.send(&requests[0]), self.send(&requests[1]), self.send(&requests[2]), async {
                match &beside {
                    Some(request) => Some(self.send(request).await),
                    None => None,
                }
            });
        for (request, answer) in requests.iter().zip([answers.0?, answers.1?, answers.2?]) {
            self.count_refund(request, &answer);
        }
        if let (Some(request), Some(answer)) = (beside, answers.3) {
            self.count_cancellation(&request, &answer?);
        }
        Ok(())
    }

    async fn wait_until_paid(&self, order: &Order) -> Result<(), LoadError> {
        let request = Request::new("GET", format!("/v1/orders/{}", order.id));
        for _ in 0..READS {
            let seen = self.send(&request).await?.json().unwrap_or_default();
            if seen["paid_total"] != 0 {
                break;
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
        Ok(())
    }

    fn wrong(&mut self, request: &Request, answer: &Response) {
        let detail = format!("answered {}: {}", answer.status, answer.excerpt());
        self.breaches.push(Breach::new(BreachKind::Refused, request.name(), detail));
    }

    /// Counts the answer to a payment; returns the payment's id.
    fn count_payment(&mut self, request: &Request, answer: &Response) -> Option<String> {
        let money = match (answer.status, answer.code()) {
            (201, _) => {
                self.counts.paid += 1;
                Some(Money::Moved)
            }
            (402, _) => {
                self.counts.declined += 1;
                Some(Money::NotMoved)
            }
            (202, _) => {
                self.counts.pending += 1;
                None
            }
            (409, "payment_in_progress" | "already_paid" | "invalid_transition") => {
                self.counts.refused += 1;
                return None;
            }
            _ => {
                self.wrong(request, answer);
                return None;
            }
        };
        let id = payment_of(answer).and_then(|payment| payment["id"].as_str().map(str::to_owned))?;
        self.acknowledged.add_payment(id.clone(), money);
        Some(id)
    }

    fn count_cancellation(&mut self, request: &Request, answer: &Response) {
        match (answer.status, answer.code()) {
            (200, _) => self.counts.cancellations += 1,
            _ => self.wrong(request, answer),
        }
    }

    fn count_refund(&mut self, request: &Request, answer: &Response) {
        match (answer.status, answer.code()) {
            (201, _) => {
                self.counts.refunds_at_will += 1;
                let made: Value = answer.json().unwrap_or_default();
                self.acknowledged.refunds.extend(made["id"].as_str().map(str::to_owned));
            }
            (409, "refund_exceeds_captured") => self.counts.refunds_refused += 1,
            _ => self.wrong(request, answer),
        }
    }
}

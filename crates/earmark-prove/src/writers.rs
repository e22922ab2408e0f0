//! How is load made that can be checked? By writers: each places one order after the other, and
//! keeps what was acknowledged of it.
//!
//! Invariant: a writer goes on to its next order when it knows the end of the one before, whatever
//! breaks. Read on in `placements`, which compares the ends with what is stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use earmark_load::{Client, LoadError, Request, Response};
use earmark_random::{Random, key};
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind, ExpectedOrder};
use crate::commands::{self, Lines, PlacedAs};
use crate::sending::{self, Sent, Try, TryResult};

/// What writers order, and where they send it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// SKUs that orders draw from.
    pub(crate) skus: u32,
    /// So many orders of a hundred hold the first SKU.
    pub(crate) hot_percent: u64,
    /// Lines an order, at most; of distinct SKUs.
    pub(crate) lines_max: u32,
    /// Units a line, at most.
    pub(crate) quantity_max: u32,
    /// So many orders of a hundred are cancelled again, at another node.
    pub(crate) cancel_percent: u64,
    pub(crate) send_to: SendTo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendTo {
    /// Each try goes to a node that is drawn anew.
    Any,
    /// The first try goes to the node that belongs to the writer's number, further ones to any.
    Home,
}

impl Plan {
    /// Orders of one to three lines from so many SKUs, to any node; one of ten is cancelled again.
    pub(crate) fn new(skus: u32) -> Plan {
        Plan { skus, hot_percent: 0, lines_max: 3, quantity_max: 3, cancel_percent: 10, send_to: SendTo::Any }
    }
}

/// An order and how it ended.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) reference: String,
    pub(crate) lines: Lines,
    pub(crate) end: End,
}

/// What became of an order, by the answers that its writer got.
#[derive(Debug)]
pub(crate) enum End {
    /// It must be stored.
    Placed(ExpectedOrder),
    /// It was refused for want of stock: it must not be stored.
    OutOfStock,
    /// There was no answer for good: it is stored once, or not at all.
    Unknown,
}

/// What the writers of a run have done so far, for those who wait for it.
#[derive(Debug)]
pub(crate) struct Progress {
    stop: AtomicBool,
    /// Commands that succeeded, by node.
    succeeded: Vec<AtomicU64>,
    /// Orders refused for want of stock.
    out_of_stock: AtomicU64,
}

impl Progress {
    pub(crate) fn at(&self, node: usize) -> u64 {
        self.succeeded[node].load(Ordering::Relaxed)
    }

    pub(crate) fn all(&self) -> u64 {
        self.succeeded.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    pub(crate) fn out_of_stock(&self) -> u64 {
        self.out_of_stock.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(crate) struct Writer {
    number: usize,
    random: Random,
    pub(crate) placements: Vec<Placement>,
    /// Of all its commands.
    pub(crate) tries: Vec<Try>,
    /// Of all its commands, from the first try to the answer for good.
    pub(crate) spans: Vec<Span>,
    pub(crate) breaches: Vec<Breach>,
}

/// How long a command was without an answer for good.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) sent: Instant,
    pub(crate) ended: Instant,
}

/// The writers of a run, at work.
#[derive(Debug)]
pub(crate) struct Writers {
    tasks: JoinSet<Writer>,
    pub(crate) progress: Arc<Progress>,
}

impl Writers {
    /// Lets `count` writers begin.
    pub(crate) fn start(clients: &[Client], plan: &Plan, count: usize, seed: u64) -> Writers {
        let progress = Arc::new(Progress {
            stop: AtomicBool::new(false),
            succeeded: clients.iter().map(|_| AtomicU64::new(0)).collect(),
            out_of_stock: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let writer = Writer {
                number,
                random: Random::stream(seed, number as u64),
                placements: Vec::new(),
                tries: Vec::new(),
                spans: Vec::new(),
                breaches: Vec::new(),
            };
            tasks.spawn(writer.work(clients.to_vec(), plan.clone(), Arc::clone(&progress)));
        }
        Writers { tasks, progress }
    }

    /// Lets each writer end the order that it is at, and waits for all of them.
    pub(crate) async fn stop(mut self) -> Result<Vec<Writer>, LoadError> {
        self.progress.stop.store(true, Ordering::Relaxed);
        let mut writers = Vec::new();
        while let Some(ended) = self.tasks.join_next().await {
            writers.push(ended?);
        }
        Ok(writers)
    }

    /// Waits until `done`, looking every few milliseconds; an error after `limit`.
    pub(crate) async fn wait(
        &self,
        limit: Duration,
        what: &str,
        done: impl Fn(&Progress) -> bool,
    ) -> Result<(), LoadError> {
        let waiting = async {
            while !done(&self.progress) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let late = |_| LoadError::Server(format!("not within {} s: {what}", limit.as_secs()));
        tokio::time::timeout(limit, waiting).await.map_err(late)
    }
}

impl Writer {
    async fn work(mut self, clients: Vec<Client>, plan: Plan, progress: Arc<Progress>) -> Writer {
        while !progress.stop.load(Ordering::Relaxed) {
            let lines = draw_lines(&mut self.random, &plan);
            let reference = format!("w{}-{}", self.number, self.placements.len());
            let key = key(&mut self.random);
            let request = commands::place(&key, &reference, &lines, PlacedAs::Confirmed);
            let sent = self.send(&clients, &plan, &request).await;
            self.count(&sent, &progress);
            let end = self.end_of_placement(&reference, &lines, sent);
            self.placements.push(Placement { reference, lines, end });
            if self.random.percent(plan.cancel_percent) {
                self.cancel_last(&clients, &plan, &progress).await;
            }
        }
        self
    }

    async fn send(&mut self, clients: &[Client], plan: &Plan, request: &Request) -> Sent {
        let (random, number) = (&mut self.random, self.number);
        let sent = sending::send(clients, request, |earlier| match plan.send_to {
            SendTo::Home if earlier == 0 => number % clients.len(),
            SendTo::Home | SendTo::Any => random.below(clients.len() as u64) as usize,
        });
        let mut sent = sent.await;
        self.breaches.append(&mut sent.breaches);
        self.tries.extend_from_slice(&sent.tries);
        if let (Some(first), Some(last)) = (sent.tries.first(), sent.tries.last()) {
            self.spans.push(Span { sent: first.sent, ended: last.ended() });
        }
        sent
    }

    fn count(&self, sent: &Sent, progress: &Progress) {
        let Some(last) = sent.tries.last() else { return };
        match last.result {
            TryResult::Answer(200..=299) => progress.succeeded[last.node].fetch_add(1, Ordering::Relaxed),
            TryResult::Answer(409) => progress.out_of_stock.fetch_add(1, Ordering::Relaxed),
            _ => return,
        };
    }

    fn end_of_placement(&mut self, reference: &str, lines: &Lines, sent: Sent) -> End {
        let Ok(answer) = sent.answer else {
            let detail = format!("no answer for good in {} tries", sent.tries.len());
            self.breaches.push(Breach::new(BreachKind::Refused, reference, detail));
            return End::Unknown;
        };
        if answer.status == 409 && answer.code() == "insufficient_stock" {
            return End::OutOfStock;
        }
        let Some(order) = placed(&answer, reference, lines) else {
            let detail = format!("answered {}: {}", answer.status, answer.excerpt());
            self.breaches.push(Breach::new(BreachKind::Refused, reference, detail));
            return End::Unknown;
        };
        self.breaches.extend(answer.json().map(|seen| order.compare(&seen)).unwrap_or_default());
        End::Placed(order)
    }

    async fn cancel_last(&mut self, clients: &[Client], plan: &Plan, progress: &Progress) {
        let Some(Placement { end: End::Placed(order), .. }) = self.placements.last() else { return };
        let request = commands::cancel(&key(&mut self.random), &order.id, &[]);
        let sent = self.send(clients, plan, &request).await;
        self.count(&sent, progress);
        let status = sent.answer.as_ref().map_or(0, |answer| answer.status);
        let Some(Placement { end: End::Placed(order), reference, .. }) = self.placements.last_mut() else {
            return;
        };
        if status == 200 {
            order.cancel(&[]);
            order.version += 1;
        } else {
            let detail = format!("cancelling answered {:?}", sent.answer.map(|answer| answer.excerpt()).ok());
            self.breaches.push(Breach::new(BreachKind::Refused, reference.as_str(), detail));
        }
    }
}

fn placed(answer: &Response, reference: &str, lines: &Lines) -> Option<ExpectedOrder> {
    let body = (answer.status == 201).then(|| answer.json().ok())??;
    let mut order = ExpectedOrder::placed(body["id"].as_str()?, reference, lines);
    order.confirmed = true;
    order.version = body["version"].as_u64()?;
    Some(order)
}

fn draw_lines(random: &mut Random, plan: &Plan) -> Lines {
    let mut lines: Lines = Vec::new();
    let mut hot = random.percent(plan.hot_percent);
    for _ in 0..random.between(1, u64::from(plan.lines_max)) {
        let sku = if std::mem::take(&mut hot) { 0 } else { random.below(u64::from(plan.skus)) as u32 };
        if lines.iter().all(|line| line.0 != sku) {
            lines.push((sku, random.between(1, u64::from(plan.quantity_max)) as u32));
        }
    }
    lines
}

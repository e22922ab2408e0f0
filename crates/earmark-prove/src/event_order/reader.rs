//! What does a reader of events see? It follows the cursor from the first event to the last, and
//! reads no page twice.
//!
//! Invariant: a reader knows the answers to its own requests only; what should be there is known
//! from the writers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use earmark_load::{Client, LoadError, Request};
use earmark_random::Random;
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind};
use crate::writers::{End, Writer};

const PAGE_MAX: u64 = 200;
/// After an empty page, or while a node is away.
const PAUSE: Duration = Duration::from_millis(2);
/// What a reader may take for what is left when the load is over.
const REST_LIMIT: Duration = Duration::from_secs(120);

/// The readers of a run, at work.
pub(super) struct Readers {
    tasks: JoinSet<Seen>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The highest number that any reader has seen.
    furthest: AtomicU64,
    found: AtomicBool,
    /// 0 until the load is over; then the last number that there is.
    last: AtomicU64,
}

/// All that one reader saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    limit: u64,
    events: Vec<Event>,
    pub(super) pages: u64,
    breaches: Vec<Breach>,
}

impl Seen {
    pub(super) fn count(&self) -> u64 {
        self.events.len() as u64
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Event {
    id: String,
    sequence: u64,
    #[serde(rename = "type")]
    kind: String,
    order_id: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Event>,
    next_cursor: String,
}

impl Readers {
    /// One reader for each page size; 0: another size each time.
    pub(super) fn start(clients: &[Client], limits: &[u64], seed: u64) -> Readers {
        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        for (number, &limit) in limits.iter().enumerate() {
            let random = Random::stream(seed ^ 0x5eed, number as u64);
            tasks.spawn(read(clients.to_vec(), limit, random, Arc::clone(&shared)));
        }
        Readers { tasks, shared }
    }

    pub(super) fn furthest(&self) -> u64 {
        self.shared.furthest.load(Ordering::Relaxed)
    }

    pub(super) fn found_something(&self) -> bool {
        self.shared.found.load(Ordering::Relaxed)
    }

    /// Waits until any reader has seen so many events, at most for `limit`.
    pub(super) async fn wait(&self, events: u64, limit: Duration) {
        let done = async {
            while self.furthest() < events && !self.found_something() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        // The time being over is as good an end as any.
        let _ = tokio::time::timeout(limit, done).await;
    }

    /// Lets them read to the last event that there is now.
    pub(super) async fn stop(mut self, client: &Client) -> Result<Vec<Seen>, LoadError> {
        let last = last_sequence(client, self.furthest()).await?;
        self.shared.last.store(last, Ordering::Relaxed);
        let mut all = Vec::new();
        let ending = async {
            while let Some(ended) = self.tasks.join_next().await {
                all.push(ended?);
            }
            Ok(())
        };
        let late = |_| Err(LoadError::Server("a reader does not come to the end".to_owned()));
        tokio::time::timeout(REST_LIMIT, ending).await.unwrap_or_else(late)?;
        Ok(all)
    }
}

async fn read(clients: Vec<Client>, limit: u64, mut random: Random, shared: Arc<Shared>) -> Seen {
    let mut seen = Seen { limit, ..Seen::default() };
    let mut cursor = String::new();
    let mut empty_at_end = 0;
    loop {
        let size = if limit == 0 { random.between(1, PAGE_MAX) } else { limit };
        let node = random.below(clients.len() as u64) as usize;
        let Some(page) = fetch(&clients[node], &cursor, size, &mut seen).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        seen.pages += 1;
        cursor = page.next_cursor;
        let is_empty = page.data.is_empty();
        for event in page.data {
            take(event, &mut seen, &shared);
        }
        let last = shared.last.load(Ordering::Relaxed);
        let at = seen.events.last().map_or(0, |event| event.sequence);
        if last > 0 && (at >= last || is_empty) {
            // A reader that has missed something at the end does not wait for it for ever.
            empty_at_end += 1;
            if at >= last || empty_at_end > 50 {
                return seen;
            }
        }
        if is_empty {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// None: the node is away.
async fn fetch(client: &Client, cursor: &str, limit: u64, seen: &mut Seen) -> Option<Page> {
    let cursor = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
    let request = Request::new("GET", format!("/v1/events?limit={limit}{cursor}"));
    let response = client.send(&request).await.ok().filter(|response| response.status != 503)?;
    match serde_json::from_slice(&response.body) {
        Ok(page) if response.status == 200 => Some(page),
        _ => {
            let detail = format!("answered {}: {}", response.status, response.excerpt());
            seen.breaches.push(Breach::new(BreachKind::Refused, request.name(), detail));
            None
        }
    }
}

fn take(event: Event, seen: &mut Seen, shared: &Shared) {
    let expected = seen.events.last().map_or(1, |last| last.sequence + 1);
    if event.sequence != expected {
        let kind = if event.sequence > expected { BreachKind::Lost } else { BreachKind::Doubled };
        let detail = format!("number {} came where {expected} was due", event.sequence);
        seen.breaches.push(Breach::new(kind, EVENTS, detail));
        shared.found.store(true, Ordering::Relaxed);
    }
    shared.furthest.fetch_max(event.sequence, Ordering::Relaxed);
    seen.events.push(event);
}

/// The subject of breaches that are about events.
const EVENTS: &str = "events";

pub(super) fn is_about_events(breach: &Breach) -> bool {
    breach.subject == EVENTS
}

async fn last_sequence(client: &Client, from: u64) -> Result<u64, LoadError> {
    // All of them, from the first: what is stored, whatever the readers have missed.
    let (mut cursor, mut last) = (String::new(), from);
    loop {
        let mut seen = Seen::default();
        let page = fetch(client, &cursor, PAGE_MAX, &mut seen).await;
        let page = page.ok_or_else(|| LoadError::Server(format!("events: {:?}", seen.breaches)))?;
        let Some(event) = page.data.last() else { return Ok(last) };
        last = last.max(event.sequence);
        cursor = page.next_cursor;
    }
}

/// Compares what the readers saw with each other, and with what was acknowledged to the writers.
pub(super) fn compare(all: Vec<Seen>, writers: &[Writer]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let first: Vec<Event> = all.first().map(|seen| seen.events.clone()).unwrap_or_default();
    for seen in all {
        if seen.events != first {
            let detail = format!("the reader of pages of {} saw others than the first reader", seen.limit);
            breaches.push(Breach::new(BreachKind::Lost, EVENTS, detail));
        }
        breaches.extend(seen.breaches);
    }
    let mut by_order: HashMap<&str, Vec<&str>> = HashMap::new();
    for event in &first {
        if let Some(order) = &event.order_id {
            by_order.entry(order).or_default().push(&event.kind);
        }
    }
    let placements = writers.iter().flat_map(|writer| &writer.placements);
    for order in placements.filter_map(|placement| match &placement.end {
        End::Placed(order) => Some(order),
        End::OutOfStock | End::Unknown => None,
    }) {
        let seen = by_order.get(order.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let mut expected = vec!["order.created", "order.confirmed"];
        expected.extend((order.status() == "CANCELLED").then_some("order.cancelled"));
        if seen != expected {
            let detail = format!("of order {} are {seen:?}, must be {expected:?}", order.id);
            breaches.push(Breach::new(BreachKind::Lost, EVENTS, detail));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64) -> Event {
        Event { id: format!("evt_{sequence}"), sequence, kind: "stock.adjusted".to_owned(), order_id: None }
    }

    fn seen(numbers: &[u64]) -> Seen {
        let (mut seen, shared) = (Seen::default(), Shared::default());
        numbers.iter().for_each(|&number| take(event(number), &mut seen, &shared));
        seen
    }

    #[track_caller]
    fn check(numbers: &[u64], expected: &[BreachKind]) {
        let kinds: Vec<_> = compare(vec![seen(numbers)], &[]).iter().map(|breach| breach.kind).collect();
        assert_eq!(kinds, expected);
    }

    #[test]
    fn gap_repetition_and_late_number_are_found() {
        check(&[1, 2, 3], &[]);
        check(&[1, 3, 4], &[BreachKind::Lost]);
        check(&[1, 2, 2], &[BreachKind::Doubled]);
        check(&[1, 3, 2], &[BreachKind::Lost, BreachKind::Doubled]);
    }

    #[test]
    fn readers_are_compared_with_each_other() {
        assert!(compare(vec![seen(&[1, 2]), seen(&[1, 2])], &[]).is_empty());
        assert_eq!(compare(vec![seen(&[1, 2]), seen(&[1])], &[]).len(), 1);
    }
}

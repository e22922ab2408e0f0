//! Do segments give what a scan of all events gives, while two nodes group them, and after a node that died in the middle?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{cluster, name, parse, runtime};
use earmark_cluster::Cluster;
use earmark_core::Timestamp;
use earmark_core::ids::OrderId;
use earmark_core::movements::{Movement, deltas, movement};
use earmark_core::text::Sku;
use earmark_postgres::{PostgresOptions, open};
use earmark_store::simulation::Simulation;
use earmark_store::{
    Clock, ItemFilter, MovementCursor, OrderFilter, Queries, RecordedEvent, Store, StoreOptions,
};

/// How long the nodes have to group what is there.
const GROUPED_WITHIN: Duration = Duration::from_secs(30);

fn small() -> PostgresOptions {
    PostgresOptions { segment_events: 32, ..PostgresOptions::default() }
}

/// Everything that happened, by a scan from the beginning.
async fn history(queries: &dyn Queries) -> Vec<RecordedEvent> {
    queries.list_events(0, None, 100_000).await.unwrap().rows
}

/// The movements of an item, newest first, from a scan.
fn replay(history: &[RecordedEvent], sku: &Sku) -> Vec<Movement> {
    let (mut movements, mut on_hand, mut reserved) = (Vec::new(), 0_i64, 0_i64);
    for RecordedEvent { event, placed } in history {
        for delta in deltas(event, placed.as_deref()).iter().filter(|delta| delta.sku == *sku) {
            (on_hand, reserved) = (on_hand + delta.on_hand, reserved + delta.reserved);
            movements.push(movement(event, delta, on_hand.try_into().unwrap(), reserved.try_into().unwrap()));
        }
    }
    movements.reverse();
    movements
}

async fn listed_movements(queries: &dyn Queries, sku: &Sku) -> Vec<Movement> {
    let (mut seen, mut before): (Vec<Movement>, _) = (Vec::new(), None);
    loop {
        let page = queries.list_movements(sku, before, 7).await.unwrap();
        seen.extend(page.rows);
        let Some(last) = seen.last().filter(|_| page.more) else { return seen };
        let back = |counter: u32, delta: i64| u32::try_from(i64::from(counter) - delta).unwrap();
        before = Some(MovementCursor {
            sequence: last.sequence,
            on_hand: back(last.on_hand, last.delta_on_hand),
            reserved: back(last.reserved, last.delta_reserved),
        });
    }
}

async fn listed_orders(queries: &dyn Queries, sku: &Sku) -> Vec<OrderId> {
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let filter = OrderFilter { sku: Some(sku.clone()), before, ..OrderFilter::default() };
        let page = queries.list_orders(&filter, 4).await.unwrap();
        seen.extend(page.rows.iter().map(|order| order.id));
        before = page.rows.last().map(|order| order.id);
        if !page.more {
            return seen;
        }
    }
}

async fn agrees(queries: &dyn Queries, history: &[RecordedEvent], sku: &Sku) -> bool {
    let placed = history.iter().filter_map(|recorded| recorded.placed.as_deref());
    let mut orders: Vec<_> = placed.filter(|order| order.line(sku).is_some()).map(|order| order.id).collect();
    orders.sort_unstable_by(|left, right| right.cmp(left));
    listed_movements(queries, sku).await == replay(history, sku)
        && listed_orders(queries, sku).await == orders
}

async fn skus(queries: &dyn Queries) -> Vec<Sku> {
    let items = queries.list_items(&ItemFilter::default(), 1_000).await.unwrap().rows;
    items.into_iter().map(|item| item.item.sku).collect()
}

fn segments(cluster: &Cluster, url: &str) -> u32 {
    cluster.query_in(name(url), "SELECT count(*) FROM segments").unwrap().parse().unwrap()
}

/// Waits until no full stretch is left.
fn wait_until_grouped(cluster: &Cluster, url: &str) {
    let left = "SELECT t.last_sequence - coalesce(max(s.last_sequence), 0) < 32 FROM streams t LEFT JOIN segments s ON s.stream = t.id \
                GROUP BY t.last_sequence";
    let start = Instant::now();
    while cluster.query_in(name(url), left).unwrap() != "t" {
        assert!(start.elapsed() < GROUPED_WITHIN, "a full stretch is not grouped");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn segments_agree_with_a_scan_at_any_point() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (engine, queries) = open(&parse(&url), small()).unwrap();
    let queries = Arc::new(queries);
    // A node that only groups, at the same time.
    let other = open(&parse(&url), small()).unwrap();
    let clock = Clock::manual(Timestamp(0));
    let options = StoreOptions { clock: clock.clone(), ..StoreOptions::default() };
    let runtime = runtime();
    let (store, ended) = Store::start(Box::new(engine), queries.clone(), options);
    let mut simulation = Simulation::new(11);
    for round in 0..20_usize {
        for _ in 0..150 {
            let (command, at) = simulation.next_command();
            clock.set(at);
            let verdict = runtime.block_on(store.submit(command.clone())).unwrap();
            simulation.learn(&command, &verdict);
        }
        runtime.block_on(async {
            let (skus, history) = (skus(&*queries).await, history(&*queries).await);
            let sku = &skus[round % skus.len()];
            assert!(agrees(&*queries, &history, sku).await, "{sku}, round {round}");
        });
    }
    wait_until_grouped(&cluster, &url);
    assert!(segments(&cluster, &url) > 20, "the test went through many segments");
    runtime.block_on(async {
        let (skus, history) = (skus(&*queries).await, history(&*queries).await);
        for sku in &skus {
            assert!(agrees(&*queries, &history, sku).await, "{sku}");
        }
        assert_eq!(queries.audit().await.unwrap().breaches, Vec::<String>::new());
        // Whether it is the segments that are read.
        let busiest = skus.iter().max_by_key(|sku| replay(&history, sku).len()).unwrap();
        cluster.query_in(name(&url), "DELETE FROM segment_postings").unwrap();
        assert!(!agrees(&*queries, &history, busiest).await);
    });
    drop((store, other));
    runtime.block_on(ended).unwrap().unwrap();
}

#[test]
fn a_segment_is_there_whole_or_not_at_all() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let never = PostgresOptions { segment_events: 1_000_000, ..PostgresOptions::default() };
    drop(open(&parse(&url), never).unwrap());
    common::fill(&url, 400);
    assert_eq!(segments(&cluster, &url), 0);
    // No list can be written.
    let block = "ALTER TABLE segment_postings ADD CONSTRAINT block CHECK (after_sequence < 0)";
    cluster.query_in(name(&url), block).unwrap();
    let (engine, queries) = open(&parse(&url), small()).unwrap();
    let runtime = runtime();
    let history = runtime.block_on(history(&queries));
    std::thread::sleep(Duration::from_secs(1));
    let without_lists = "SELECT count(*) FROM segments s JOIN events e ON e.sequence > s.after_sequence \
         AND e.sequence <= s.last_sequence AND e.type = 16";
    let found = cluster.query_in(name(&url), without_lists).unwrap();
    assert_eq!(found, "0", "half of a segment was written");
    cluster.query_in(name(&url), "ALTER TABLE segment_postings DROP CONSTRAINT block").unwrap();
    // The one that failed leaves it alone for a while.
    drop(engine);
    let (engine, queries) = open(&parse(&url), small()).unwrap();
    wait_until_grouped(&cluster, &url);
    for sku in runtime.block_on(skus(&queries)) {
        assert!(runtime.block_on(agrees(&queries, &history, &sku)), "{sku}");
    }
    drop(engine);
}

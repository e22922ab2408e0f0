//! Do segments give what a scan of all events gives, while two nodes group them, and after a node
//! that died in the middle?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{cluster, name, parse, runtime};
use earmark_cluster::Cluster;
use earmark_conformance::item_lists_agree_with_events;
use earmark_conformance::simulation::Simulation;
use earmark_core::Timestamp;
use earmark_core::text::Sku;
use earmark_postgres::{PostgresOptions, open};
use earmark_store::{Clock, ItemFilter, Queries, Store, StoreOptions};

/// How long the nodes may take to group what is there.
const GROUPED_WITHIN: Duration = Duration::from_secs(30);

fn small() -> PostgresOptions {
    PostgresOptions { segment_events: 32, ..PostgresOptions::default() }
}

async fn skus(queries: &dyn Queries) -> Vec<Sku> {
    let items = queries.list_items(&ItemFilter::default(), 1_000).await.unwrap().rows;
    items.into_iter().map(|item| item.item.sku).collect()
}

fn segments(cluster: &Cluster, url: &str) -> u32 {
    cluster.query_in(name(url), "SELECT count(*) FROM segments").unwrap().parse().unwrap()
}

/// Waits until too few events for a segment are left.
fn wait_until_grouped(cluster: &Cluster, url: &str) {
    let left = "SELECT t.last_sequence - coalesce(max(s.last_sequence), 0) < 32 FROM streams t LEFT JOIN segments s ON s.stream = t.id \
                GROUP BY t.last_sequence";
    let start = Instant::now();
    while cluster.query_in(name(url), left).unwrap() != "t" {
        assert!(start.elapsed() < GROUPED_WITHIN, "events for a full segment are not grouped");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn segments_agree_with_events_at_any_point() {
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
            let skus = skus(&*queries).await;
            let sku = &skus[round % skus.len()];
            assert!(item_lists_agree_with_events(&*queries, sku).await, "{sku}, round {round}");
        });
    }
    wait_until_grouped(&cluster, &url);
    assert!(segments(&cluster, &url) > 20, "the test went through many segments");
    runtime.block_on(async {
        let skus = skus(&*queries).await;
        for sku in &skus {
            assert!(item_lists_agree_with_events(&*queries, sku).await, "{sku}");
        }
        assert_eq!(queries.verify().await.unwrap().breaches, Vec::<String>::new());
        // The control: the segments are what is read.
        cluster.query_in(name(&url), "DELETE FROM segment_postings").unwrap();
        assert!(!item_lists_agree_with_events(&*queries, &skus[0]).await);
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
    let (engine, _) = open(&parse(&url), small()).unwrap();
    let runtime = runtime();
    std::thread::sleep(Duration::from_secs(1));
    let without_lists = "SELECT count(*) FROM segments s JOIN events e ON e.sequence > s.after_sequence \
         AND e.sequence <= s.last_sequence AND e.type = 16";
    let found = cluster.query_in(name(&url), without_lists).unwrap();
    assert_eq!(found, "0", "half of a segment was written");
    cluster.query_in(name(&url), "ALTER TABLE segment_postings DROP CONSTRAINT block").unwrap();
    // The node that failed does not try again for a while.
    drop(engine);
    let (engine, queries) = open(&parse(&url), small()).unwrap();
    wait_until_grouped(&cluster, &url);
    for sku in runtime.block_on(skus(&queries)) {
        assert!(runtime.block_on(item_lists_agree_with_events(&queries, &sku)), "{sku}");
    }
    drop(engine);
}

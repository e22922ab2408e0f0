//! Do segments give what a scan of all events gives, while they are built, and after any restart?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Shop, cancel, order_id, place, receive, sku, small};
use earmark_conformance::item_lists_agree_with_events;
use earmark_core::ids::OrderId;
use earmark_random::Random;
use earmark_sqlite::SqliteOptions;
use earmark_store::{Engine, Pace};

const ITEMS: u64 = 6;

async fn check(shop: &Shop, number: u64) {
    assert!(item_lists_agree_with_events(&shop.queries, &sku(number)).await, "item {number}");
}

fn segments(path: &std::path::Path) -> i64 {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.query_row("SELECT count(*) FROM segments", [], |row| row.get(0)).unwrap()
}

fn some_orders(random: &mut Random, placed: &mut Vec<OrderId>) -> Vec<earmark_core::Command> {
    let mut commands = vec![receive(random.below(ITEMS), 5)];
    for _ in 0..random.below(6) {
        let (first, id) = (random.below(ITEMS), order_id(random));
        let second = (first + 1 + random.below(ITEMS - 1)) % ITEMS;
        commands.push(place(id, &[(first, 2), (second, 1)], None, None));
        placed.push(id);
    }
    if random.below(3) == 0 && !placed.is_empty() {
        let which = usize::try_from(random.below(placed.len() as u64)).unwrap();
        commands.push(cancel(placed.swap_remove(which)));
    }
    commands
}

#[tokio::test]
async fn segments_agree_with_events_at_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let (mut shop, mut random, mut placed) = (Shop::open(&path, small()), Random::new(5), Vec::new());
    shop.stock(ITEMS);
    for step in 0..150 {
        let batch = some_orders(&mut random, &mut placed);
        shop.run(&batch);
        match random.below(8) {
            0 => shop.engine.maintain(Pace::Idle).unwrap(),
            1 => {
                drop(shop);
                shop = Shop::open(&path, small());
            }
            _ => {}
        }
        if step % 5 == 0 {
            check(&shop, random.below(ITEMS)).await;
        }
    }
    for number in 0..ITEMS {
        check(&shop, number).await;
    }
    drop(shop);
    assert!(segments(&path) > 3, "the test went through several segments");
}

#[tokio::test]
async fn a_segment_that_a_crash_cut_off_is_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let never = SqliteOptions { segment_events: 1_000_000, ..small() };
    let (mut shop, mut random, mut placed) = (Shop::open(&path, never), Random::new(6), Vec::new());
    shop.stock(ITEMS);
    for _ in 0..40 {
        let batch = some_orders(&mut random, &mut placed);
        shop.run(&batch);
    }
    drop(shop);
    assert_eq!(segments(&path), 0);
    let raw = rusqlite::Connection::open(&path).unwrap();
    // What the first rows of a segment would be, and wrong, so that it shows if they are used.
    raw.execute("INSERT INTO segment_postings (segment, sku, postings) VALUES (1, 'sku-0', x'02')", [])
        .unwrap();
    drop(raw);
    let mut shop = Shop::open(&path, small());
    while segments(&path) == 0 {
        shop.engine.maintain(Pace::Idle).unwrap();
    }
    check(&shop, 0).await;
}

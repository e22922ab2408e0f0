//! Do segments give what a scan of all events gives, while they are built, and after any restart?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Random, Shop, cancel, place, receive, sku, small};
use earmark_core::ids::OrderId;
use earmark_core::movements::{Movement, deltas, movement};
use earmark_sqlite::SqliteOptions;
use earmark_store::{Engine, MovementCursor, OrderFilter, Pace, Queries, RecordedEvent};

const ITEMS: u64 = 6;

/// Everything that happened, by a scan from the beginning.
async fn history(shop: &Shop) -> Vec<RecordedEvent> {
    shop.queries.list_events(0, None, 100_000).await.unwrap().rows
}

/// The movements of an item, newest first, from a scan.
fn replay(history: &[RecordedEvent], number: u64) -> Vec<Movement> {
    let (mut movements, mut on_hand, mut reserved) = (Vec::new(), 0_i64, 0_i64);
    for RecordedEvent { event, placed } in history {
        for delta in deltas(event, placed.as_deref()).iter().filter(|delta| delta.sku == sku(number)) {
            (on_hand, reserved) = (on_hand + delta.on_hand, reserved + delta.reserved);
            movements.push(movement(event, delta, on_hand.try_into().unwrap(), reserved.try_into().unwrap()));
        }
    }
    movements.reverse();
    movements
}

async fn listed_movements(shop: &Shop, number: u64) -> Vec<Movement> {
    let (mut seen, mut before): (Vec<Movement>, _) = (Vec::new(), None);
    loop {
        let page = shop.queries.list_movements(&sku(number), before, 7).await.unwrap();
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

async fn listed_orders(shop: &Shop, number: u64) -> Vec<OrderId> {
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let filter = OrderFilter { sku: Some(sku(number)), before, ..OrderFilter::default() };
        let page = shop.queries.list_orders(&filter, 4).await.unwrap();
        seen.extend(page.rows.iter().map(|order| order.id));
        before = page.rows.last().map(|order| order.id);
        if !page.more {
            return seen;
        }
    }
}

async fn check(shop: &Shop, number: u64) {
    let history = history(shop).await;
    assert_eq!(listed_movements(shop, number).await, replay(&history, number));
    let placed = history.iter().filter_map(|recorded| recorded.placed.as_deref());
    let mut orders: Vec<_> =
        placed.filter(|order| order.line(&sku(number)).is_some()).map(|order| order.id).collect();
    orders.sort_unstable_by(|left, right| right.cmp(left));
    assert_eq!(listed_orders(shop, number).await, orders);
}

fn segments(path: &std::path::Path) -> i64 {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.query_row("SELECT count(*) FROM segments", [], |row| row.get(0)).unwrap()
}

fn some_orders(random: &mut Random, placed: &mut Vec<OrderId>) -> Vec<earmark_core::Command> {
    let mut commands = vec![receive(random.below(ITEMS), 5)];
    for _ in 0..random.below(6) {
        let (first, id) = (random.below(ITEMS), random.order_id());
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
async fn segments_agree_with_a_scan_at_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let (mut shop, mut random, mut placed) = (Shop::open(&path, small()), Random(5), Vec::new());
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
    let (mut shop, mut random, mut placed) = (Shop::open(&path, never), Random(6), Vec::new());
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

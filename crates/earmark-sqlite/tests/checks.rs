//! What if the stored data is broken? Broken rows are written by plain SQL. The schema refuses what
//! it can, verification sees the rest, and no stored byte makes a reader panic.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use common::{Shop, customer, order_id, place, sku, small};
use earmark_random::Random;
use earmark_store::{OrderFilter, Queries, StoreError};
use rusqlite::{Connection, ErrorCode};

/// A database with three orders, closed.
fn filled(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("shop.db");
    let (mut shop, mut random) = (Shop::open(&path, small()), Random::new(8));
    shop.stock(2);
    for _ in 0..3 {
        shop.run(&[place(
            order_id(&mut random),
            &[(0, 3), (1, 2)],
            Some(customer(1)),
            Some(random.next_u128()),
        )]);
    }
    drop(shop);
    path
}

#[test]
fn the_schema_refuses_broken_counters() {
    let folder = tempfile::tempdir().unwrap();
    let raw = Connection::open(filled(folder.path())).unwrap();
    for harmless in ["UPDATE stocks SET reserved = on_hand", "UPDATE order_lines SET cancelled = quantity"] {
        raw.execute(harmless, []).unwrap();
    }
    for broken in [
        "UPDATE stocks SET reserved = on_hand + 1",
        "UPDATE stocks SET reserved = -1",
        "UPDATE stocks SET on_hand = 1000000001, reserved = 0",
        "UPDATE stocks SET on_hand = 'many'",
        "UPDATE order_lines SET cancelled = 0, shipped = quantity + 1",
        "UPDATE order_lines SET cancelled = quantity, shipped = 1",
        "UPDATE order_lines SET delivered = shipped + 1",
        "UPDATE order_lines SET returned = shipped + 1",
        "UPDATE order_lines SET quantity = 0, cancelled = 0, shipped = 0",
        "UPDATE orders SET status = 6",
        "UPDATE orders SET refunded_total = paid_total + 1",
        "UPDATE orders SET id = x'00'",
        "UPDATE orders SET paid_at = 1, confirmed_at = NULL",
        "UPDATE idempotency SET order_id = NULL",
        "UPDATE items SET unit_price = -1",
        "INSERT INTO stocks (sku, on_hand, reserved, version, updated_at) VALUES ('nothing', 0, 0, 1, 0)",
    ] {
        let error = raw.execute(broken, []).expect_err(broken);
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{broken}: {error}");
    }
}

#[test]
fn the_schema_refuses_a_second_charge() {
    let folder = tempfile::tempdir().unwrap();
    let raw = Connection::open(filled(folder.path())).unwrap();
    let attempt = |attempt: i64, status: i64| {
        raw.execute(
            "INSERT INTO payments SELECT id, ?1, randomblob(16), 1, ?2, 1999, 'tok', 'sandbox', NULL, NULL, 0, 0, 0, 0 \
             FROM orders LIMIT 1",
            (attempt, status),
        )
    };
    for (number, status) in [(0, 1), (1, 0), (2, 2), (3, 2)] {
        attempt(number, status).unwrap();
    }
    assert!(attempt(4, 1).is_err(), "two that succeeded");
    assert!(attempt(5, 0).is_err(), "two in progress");
}

#[tokio::test]
async fn verification_sees_what_the_schema_cannot() {
    for (broken, words) in [
        ("UPDATE orders SET status = 5", "copies"),
        ("UPDATE orders SET expiry_due_at = NULL", "copies"),
        ("UPDATE orders SET created_sequence = 1", "order.created"),
        ("UPDATE stocks SET reserved = reserved + 1", "reserved"),
        ("UPDATE order_lines SET cancelled = 1", "cancelled"),
        ("DELETE FROM events WHERE sequence = 3", "follows"),
        (
            "INSERT INTO order_lines SELECT randomblob(16), 0, sku, name, 1, 1, 0, 0, 0, 0 FROM items LIMIT 1",
            "order lines",
        ),
        ("UPDATE progress SET reached = 1000000", "index has lost"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = filled(folder.path());
        let clean = Shop::open(&path, small()).queries.verify().await.unwrap();
        assert_eq!(clean.breaches, Vec::<String>::new());
        assert_eq!((clean.items, clean.orders), (2, 3));
        Connection::open(&path).unwrap().execute(broken, []).unwrap();
        let report = Shop::open(&path, small()).queries.verify().await.unwrap();
        assert!(
            report.breaches.iter().any(|breach| breach.contains(words)),
            "{broken}: {:?}",
            report.breaches
        );
    }
}

#[tokio::test]
async fn damaged_bytes_are_reported_and_never_a_panic() {
    for broken in [
        "UPDATE orders SET metadata = '{'",
        "UPDATE orders SET customer_id = 'two words'",
        "UPDATE orders SET version = 9223372036854775807, shipments = '['",
        "UPDATE order_lines SET name = ''",
        "UPDATE order_lines SET quantity = 99999999999",
        "UPDATE order_lines SET unit_price = 9223372036854775807",
        "UPDATE order_lines SET unit_price = 9007199254740991 / quantity",
        "UPDATE events SET actor = 'nobody'",
        "UPDATE events SET type = 99",
        "UPDATE events SET data = '{' WHERE type = 16",
        "UPDATE events SET order_id = NULL",
        "UPDATE events SET sku = NULL",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = filled(folder.path());
        Connection::open(&path).unwrap().execute(broken, []).unwrap();
        let shop = Shop::open(&path, small());
        let listed = shop.queries.list_orders(&OrderFilter::default(), 10).await.map(drop);
        let moved = shop.queries.list_movements(&sku(0), None, 10).await.map(drop);
        let events = shop.queries.list_events(0, None, 100).await.map(drop);
        let verified = shop.queries.verify().await.map(drop);
        let results = [listed, moved, events, verified];
        let damaged = results.iter().any(|result| matches!(result, Err(StoreError::Damaged(_))));
        assert!(damaged, "{broken}: {results:?}");
    }
}

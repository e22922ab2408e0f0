//! What if the stored data is broken? Broken rows are written by plain SQL. The schema refuses what
//! it can, verification sees the rest, and no stored value makes a reader panic.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{cluster, fill, name, parse, runtime};
use earmark_cluster::Cluster;
use earmark_postgres::open_to_read;
use earmark_store::{OrderFilter, Queries, StoreError, VerifyReport};

/// A copy of a database. Nothing may be connected to it.
fn copy(cluster: &Cluster, from: &str, number: usize) -> String {
    let to = format!("copy_{number}");
    cluster.query(&format!("CREATE DATABASE {to} TEMPLATE {} OWNER earmark", name(from))).unwrap();
    cluster.url(&to)
}

fn verify(url: &str) -> Result<VerifyReport, StoreError> {
    runtime().block_on(async { open_to_read(&parse(url)).await.unwrap().verify().await })
}

#[test]
fn the_schema_refuses_broken_rows() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    fill(&url, 1_000);
    let run = |sql: &str| cluster.query_in(name(&url), &format!("BEGIN; {sql}; COMMIT"));
    run("UPDATE stocks SET reserved = on_hand").unwrap();
    for broken in [
        "UPDATE stocks SET reserved = on_hand + 1",
        "UPDATE stocks SET reserved = -1",
        "UPDATE stocks SET on_hand = 1000000001, reserved = 0",
        "UPDATE order_lines SET cancelled = 0, shipped = quantity + 1",
        "UPDATE order_lines SET cancelled = quantity, shipped = 1",
        "UPDATE order_lines SET delivered = shipped + 1",
        "UPDATE order_lines SET returned = shipped + 1",
        "UPDATE order_lines SET quantity = 0, cancelled = 0, shipped = 0",
        "UPDATE orders SET status = 6",
        "UPDATE orders SET refunded_total = paid_total + 1",
        "UPDATE orders SET paid_at = 1, confirmed_at = NULL",
        "UPDATE idempotency SET order_id = NULL, whole = NULL",
        "UPDATE items SET unit_price = -1",
        "INSERT INTO stocks (sku, on_hand, reserved, version, updated_at) VALUES ('nothing', 0, 0, 1, 0)",
        "INSERT INTO gateway_keys SELECT * FROM gateway_keys LIMIT 1",
        "INSERT INTO payments SELECT order_id, 99, gen_random_uuid(), 1, 1, 1, 't', 'g', NULL, NULL, 0, 0, 0, 0 \
         FROM payments WHERE status = 1 LIMIT 1",
        "INSERT INTO events SELECT * FROM events LIMIT 1",
    ] {
        let error = run(broken).expect_err(broken).to_string();
        assert!(error.contains("violates"), "{broken}: {error}");
    }
}

#[test]
fn verification_sees_what_the_schema_cannot() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    fill(&url, 1_000);
    let clean = verify(&url).unwrap();
    assert_eq!(clean.breaches, Vec::<String>::new());
    assert!(clean.orders > 20 && clean.items > 3, "{clean:?}");
    for (number, (broken, words)) in [
        ("UPDATE orders SET status = 5 WHERE status <> 5", "copies"),
        ("UPDATE orders SET expiry_due_at = 1", "copies"),
        ("UPDATE orders SET created_sequence = 1", "order.created"),
        ("UPDATE stocks SET reserved = reserved + 1 WHERE reserved < on_hand", "reserved"),
        ("DELETE FROM events WHERE sequence = 3", "follows"),
        ("DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)", "the stream is at"),
        (
            "INSERT INTO order_lines SELECT gen_random_uuid(), 0, sku, name, 1, 1, 0, 0, 0, 0 FROM items LIMIT 1",
            "without an order",
        ),
        ("INSERT INTO segments SELECT 1, 5, 9, id, id, id FROM orders LIMIT 1", "segments"),
        ("INSERT INTO segments SELECT 1, 0, 1000000, id, id, id FROM orders LIMIT 1", "segments"),
        ("DELETE FROM order_references", "references"),
        ("DELETE FROM gateway_keys WHERE kind = 0", "whose id is not held"),
        ("DELETE FROM gateway_keys WHERE kind = 1", "whose id is not held"),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = copy(&cluster, &url, number);
        cluster.query_in(name(&copy), broken).unwrap();
        let report = verify(&copy).unwrap();
        let seen = report.breaches.iter().any(|breach| breach.contains(words));
        assert!(seen, "{broken}: {:?}", report.breaches);
    }
}

#[test]
fn damaged_values_are_reported_and_never_a_panic() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    fill(&url, 1_000);
    for (number, broken) in [
        "UPDATE orders SET metadata = '{'",
        "UPDATE orders SET customer_id = 'two words'",
        "UPDATE orders SET version = 9223372036854775807, shipments = '['",
        "UPDATE order_lines SET name = ''",
        "UPDATE order_lines SET unit_price = 9223372036854775807",
        "UPDATE order_lines SET unit_price = 9007199254740991, quantity = 1000 + quantity",
        "UPDATE events SET actor = 'nobody'",
        "UPDATE events SET type = 99",
        "UPDATE events SET data = '{' WHERE type = 16",
        "UPDATE events SET order_id = NULL",
        "UPDATE events SET sku = NULL",
        "DELETE FROM streams",
    ]
    .into_iter()
    .enumerate()
    {
        let copy = copy(&cluster, &url, number);
        cluster.query_in(name(&copy), broken).unwrap();
        let results = runtime().block_on(async {
            let queries = open_to_read(&parse(&copy)).await.unwrap();
            let listed = queries.list_orders(&OrderFilter::default(), 100).await.map(drop);
            let events = queries.list_events(0, None, 1_000).await.map(drop);
            [listed, events, queries.verify().await.map(drop)]
        });
        let damaged = results.iter().any(|result| matches!(result, Err(StoreError::Damaged(_))));
        assert!(damaged, "{broken}: {results:?}");
    }
}

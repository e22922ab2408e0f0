//! Is the stored data right? All of it is read in one snapshot, row by row, so that memory does not
//! grow with the number of orders.
//!
//! The rules are in core's `Verifier`. Here is what only this engine can check: the columns that
//! are copies for searching, the deferred indexes, and the file itself.

use std::collections::HashSet;

use earmark_core::Order;
use earmark_core::ids::OrderId;
use earmark_core::text::CustomerId;
use earmark_core::verify::Verifier;
use earmark_store::verify::{VerifyReport, copies_breach};
use rusqlite::Row;

use crate::codec;
use crate::deferred::{CustomerKey, CustomerTail};
use crate::error::Result;
use crate::rows;
use crate::snapshot::Snapshot;

/// Checks all that is stored.
pub(crate) fn verify(snapshot: &Snapshot<'_>, customers: &CustomerTail) -> Result<VerifyReport> {
    let newest = newest_of_customers(snapshot, customers)?;
    let (mut verifier, mut breaches) = (Verifier::new(), file(snapshot)?);
    let items = items(snapshot, &mut verifier)?;
    let orders = orders(snapshot, &mut verifier, &mut breaches)?;
    let events = events(snapshot, &mut verifier)?;
    breaches.extend(strays(snapshot)?);
    breaches.extend(customer_index(snapshot, &newest)?);
    breaches.extend(verifier.finish());
    Ok(VerifyReport { items, orders, events, breaches })
}

/// What SQLite itself finds wrong with the file.
fn file(snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    let mut statement = snapshot.connection.prepare_cached("PRAGMA quick_check(20)")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").map(|line| format!("the file: {line}")).collect())
}

fn items(snapshot: &Snapshot<'_>, verifier: &mut Verifier) -> Result<u64> {
    let mut statement = snapshot.connection.prepare_cached(&format!(
        "SELECT {} FROM items i CROSS JOIN stocks s ON s.sku = i.sku ORDER BY i.sku",
        rows::items::COLUMNS
    ))?;
    let (mut found, mut count) = (statement.query([])?, 0);
    while let Some(row) = found.next()? {
        verifier.item(&rows::items::read(row)?);
        count += 1;
    }
    Ok(count)
}

fn orders(snapshot: &Snapshot<'_>, verifier: &mut Verifier, breaches: &mut Vec<String>) -> Result<u64> {
    let mut statement = snapshot.connection.prepare_cached(
        "SELECT o.id, status, paid_total, refunded_total, expiry_due_at, e.type, e.order_id \
         FROM orders o LEFT JOIN events e ON e.sequence = o.created_sequence ORDER BY o.id",
    )?;
    let (mut found, mut count) = (statement.query([])?, 0);
    while let Some(row) = found.next()? {
        let order = rows::orders::get(snapshot.connection, OrderId::from_bytes(row.get(0)?))?;
        verifier.order(&order);
        breaches.extend(copies(row, &order)?);
        count += 1;
    }
    Ok(count)
}

fn copies(row: &Row<'_>, order: &Order) -> Result<Option<String>> {
    let kept = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let created: (Option<i64>, Option<[u8; 16]>) = (row.get(5)?, row.get(6)?);
    Ok(copies_breach(order, kept, created == (Some(0), Some(order.id.to_bytes()))))
}

fn events(snapshot: &Snapshot<'_>, verifier: &mut Verifier) -> Result<u64> {
    let mut statement = snapshot.connection.prepare_cached(
        "SELECT sequence, at, type, actor, order_id, sku, data FROM events ORDER BY sequence",
    )?;
    let (mut found, mut count) = (statement.query([])?, 0);
    while let Some(row) = found.next()? {
        let event = codec::event(row)?;
        verifier.event(&event, rows::events::order_of(snapshot.connection, &event)?.as_ref());
        count += 1;
    }
    Ok(count)
}

/// Rows that belong to nothing, where no foreign key forbids it.
fn strays(snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    let checks = [
        (
            "order lines without an order",
            "SELECT count(*) FROM order_lines WHERE order_id NOT IN (SELECT id FROM orders)",
        ),
        ("items without stock", "SELECT count(*) FROM items WHERE sku NOT IN (SELECT sku FROM stocks)"),
        (
            "idempotency keys whose order is not there",
            "SELECT count(*) FROM idempotency WHERE order_id IS NOT NULL AND order_id NOT IN (SELECT id FROM orders)",
        ),
        (
            "idempotency keys that their index has lost",
            "SELECT count(*) FROM idempotency i WHERE number <= (SELECT reached FROM progress WHERE name = 'idempotency_index') \
             AND NOT EXISTS (SELECT 1 FROM idempotency_index x WHERE x.digest = i.digest AND x.number >= i.number)",
        ),
    ];
    let mut breaches = Vec::new();
    for (what, sql) in checks {
        let count: i64 = snapshot.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        if count > 0 {
            breaches.push(format!("{count} {what}"));
        }
    }
    Ok(breaches)
}

/// The part of the customers' index that is in memory, with a snapshot that it completes.
fn newest_of_customers(snapshot: &Snapshot<'_>, customers: &CustomerTail) -> Result<HashSet<CustomerKey>> {
    loop {
        if let Some(newest) = customers.all(snapshot.connection)? {
            return Ok(newest.into_iter().collect());
        }
        snapshot.renew()?;
    }
}

/// Whether each customer's orders are found through the index or its tail.
fn customer_index(snapshot: &Snapshot<'_>, newest: &HashSet<CustomerKey>) -> Result<Option<String>> {
    let mut statement = snapshot
        .connection
        .prepare_cached("SELECT id, customer_id FROM orders WHERE customer_id IS NOT NULL")?;
    let mut indexed = snapshot
        .connection
        .prepare_cached("SELECT 1 FROM customer_orders WHERE customer_hash = ?1 AND order_id = ?2")?;
    let (mut found, mut lost) = (statement.query([])?, 0_u64);
    while let Some(row) = found.next()? {
        let customer = codec::text(row, 1, CustomerId::parse)?;
        let key = (codec::customer_hash(customer.as_str()), row.get(0)?);
        if !newest.contains(&key) && !indexed.exists(key)? {
            lost += 1;
        }
    }
    Ok((lost > 0).then(|| format!("{lost} orders that their customers' index has lost")))
}

//! Is the stored data right? All of it is read in one snapshot, in pieces, so that memory does not
//! grow with the number of orders.
//!
//! The rules are in core's `Verifier`. Here is what only this engine can check: the columns that
//! are copies for searching, and the tables that keep ids unique.

use earmark_core::verify::Verifier;
use earmark_core::{Fact, Order};
use earmark_store::verify::{VerifyReport, copies_breach};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::codec::{self, EVENT_COLUMNS, get};
use crate::error::Result;
use crate::rows::events::{STREAM, deltas, orders_of};
use crate::rows::{self, query};
use crate::session::Session;

/// How many rows are read at once.
const ROWS_AT_ONCE: i64 = 5_000;

/// Checks all that is stored.
pub(crate) async fn verify(session: &Session) -> Result<VerifyReport> {
    let (mut verifier, mut breaches) = (Verifier::new(), Vec::new());
    let items = items(session, &mut verifier).await?;
    let orders = orders(session, &mut verifier, &mut breaches).await?;
    let events = events(session, &mut verifier, &mut breaches).await?;
    breaches.extend(strays(session).await?);
    breaches.extend(verifier.finish());
    Ok(VerifyReport { items, orders, events, breaches })
}

async fn items(session: &Session, verifier: &mut Verifier) -> Result<u64> {
    let sql = format!(
        "SELECT {} FROM items i JOIN stocks s ON s.sku = i.sku WHERE i.sku > $1 ORDER BY i.sku LIMIT $2",
        rows::items::COLUMNS
    );
    let (mut count, mut after) = (0, String::new());
    loop {
        let found = query(session, &sql, &[&after, &ROWS_AT_ONCE]).await?;
        let Some(last) = found.last() else { return Ok(count) };
        after = get::<&str>(last, 0)?.to_owned();
        for row in &found {
            verifier.item(&rows::items::read(row)?);
            count += 1;
        }
    }
}

async fn orders(session: &Session, verifier: &mut Verifier, breaches: &mut Vec<String>) -> Result<u64> {
    let sql = "SELECT o.id, o.status, o.paid_total, o.refunded_total, o.expiry_due_at, o.created_sequence, e.type, e.order_id \
               FROM orders o LEFT JOIN events e ON e.stream = $1 AND e.sequence = o.created_sequence \
               WHERE $2::uuid IS NULL OR o.id > $2 ORDER BY o.id LIMIT $3";
    let (mut count, mut after) = (0, None::<Uuid>);
    loop {
        let found = query(session, sql, &[&STREAM, &after, &ROWS_AT_ONCE]).await?;
        let Some(last) = found.last() else { return Ok(count) };
        after = Some(get(last, 0)?);
        let ids = found.iter().map(|row| get(row, 0)).collect::<Result<Vec<Uuid>, _>>()?;
        let orders = rows::orders::get(session, &ids).await?;
        for (row, order) in found.iter().zip(&orders) {
            verifier.order(order);
            breaches.extend(copies(row, order)?);
            count += 1;
        }
    }
}

fn copies(row: &Row, order: &Order) -> Result<Option<String>> {
    let kept = (get(row, 1)?, get(row, 2)?, get(row, 3)?, get(row, 4)?);
    let created: (Option<i16>, Option<Uuid>) = (get(row, 6)?, get(row, 7)?);
    Ok(copies_breach(order, kept, created == (Some(0), Some(Uuid::from_u128(order.id.0)))))
}

async fn events(session: &Session, verifier: &mut Verifier, breaches: &mut Vec<String>) -> Result<u64> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
    );
    let (mut count, mut after) = (0_u64, 0_i64);
    loop {
        let found = query(session, &sql, &[&STREAM, &after, &ROWS_AT_ONCE]).await?;
        let Some(last) = found.last() else { break };
        after = get(last, 0)?;
        let events = found.iter().map(codec::event).collect::<Result<Vec<_>, _>>()?;
        let orders = orders_of(session, &events).await?;
        for event in &events {
            let order =
                event.order_id.filter(|_| event.fact == Fact::OrderCreated).and_then(|id| orders.get(&id));
            deltas(event, order)?;
            verifier.event(event, order);
            count += 1;
        }
    }
    let last = rows::events::last_sequence(session).await?;
    if last != u64::try_from(after).unwrap_or(0) {
        breaches.push(format!("the stream is at event {last}, the last one there is {after}"));
    }
    Ok(count)
}

/// Rows that belong to nothing, or are missing where they belong.
async fn strays(session: &Session) -> Result<Vec<String>> {
    let checks = [
        (
            "order lines without an order",
            "SELECT count(*) FROM order_lines l LEFT JOIN orders o ON o.id = l.order_id WHERE o.id IS NULL",
        ),
        (
            "items without stock",
            "SELECT count(*) FROM items i LEFT JOIN stocks s ON s.sku = i.sku WHERE s.sku IS NULL",
        ),
        (
            "references that lead to another order",
            "SELECT count(*) FROM orders o LEFT JOIN order_references r ON r.reference = o.reference \
             WHERE o.reference IS NOT NULL AND r.order_id IS DISTINCT FROM o.id",
        ),
        (
            "payments and refunds whose id is not held for their order",
            "SELECT count(*) FROM (SELECT id, 0 AS kind, order_id FROM payments UNION ALL SELECT id, 1, order_id FROM refunds) m \
             LEFT JOIN gateway_keys k ON k.id = m.id AND k.kind = m.kind WHERE k.order_id IS DISTINCT FROM m.order_id",
        ),
        (
            "segments that do not begin where the one before ends, or end after the last event",
            "SELECT count(*) FROM segments s LEFT JOIN segments b ON b.stream = s.stream AND b.last_sequence = s.after_sequence \
             JOIN streams t ON t.id = s.stream \
             WHERE (b.stream IS NULL AND s.after_sequence > 0) OR s.last_sequence > t.last_sequence",
        ),
        (
            "idempotency keys whose order is not there",
            "SELECT count(*) FROM idempotency i LEFT JOIN orders o ON o.id = i.order_id \
             WHERE i.order_id IS NOT NULL AND o.id IS NULL",
        ),
    ];
    let mut breaches = Vec::new();
    for (what, sql) in checks {
        let found = query(session, sql, &[]).await?;
        let count: i64 = found.first().map_or(Ok(0), |row| get(row, 0))?;
        if count > 0 {
            breaches.push(format!("{count} {what}"));
        }
    }
    Ok(breaches)
}

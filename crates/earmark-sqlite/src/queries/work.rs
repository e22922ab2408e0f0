//! What is due? Lists for the workers, each a range of an index.

use earmark_core::ids::{CartId, OrderId};
use earmark_core::{Order, Timestamp};
use earmark_store::KeySweep;

use crate::codec;
use crate::error::Result;
use crate::rows;
use crate::snapshot::Snapshot;

/// Orders whose reservation has run out, the longest due first.
pub(super) fn due_reservations(
    snapshot: &Snapshot<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<OrderId>> {
    let sql = "SELECT id FROM orders WHERE expiry_due_at <= ?1 ORDER BY expiry_due_at, id";
    Ok(ids(snapshot, sql, now, limit)?.into_iter().map(OrderId::from_bytes).collect())
}

/// Orders with a pending payment whose next attempt is due, the longest due first.
pub(super) fn due_payments(snapshot: &Snapshot<'_>, now: Timestamp, limit: usize) -> Result<Vec<Order>> {
    let sql = "SELECT order_id FROM payments WHERE status = 0 AND next_attempt_at <= ?1 ORDER BY next_attempt_at, order_id";
    orders(snapshot, &ids(snapshot, sql, now, limit)?)
}

/// Orders with a pending refund whose next attempt is due, the longest due first.
pub(super) fn due_refunds(snapshot: &Snapshot<'_>, now: Timestamp, limit: usize) -> Result<Vec<Order>> {
    let sql = "SELECT order_id FROM refunds WHERE status = 0 AND next_attempt_at <= ?1 ORDER BY next_attempt_at, order_id";
    orders(snapshot, &ids(snapshot, sql, now, limit)?)
}

/// Carts that have expired, the longest expired first.
pub(super) fn due_carts(snapshot: &Snapshot<'_>, now: Timestamp, limit: usize) -> Result<Vec<CartId>> {
    let sql = "SELECT id FROM carts WHERE expires_at <= ?1 ORDER BY expires_at, id";
    Ok(ids(snapshot, sql, now, limit)?.into_iter().map(CartId::from_bytes).collect())
}

/// A range of the idempotency keys, in the order in which they were used. The cursor is the number
/// of a row.
pub(super) fn sweep_keys(
    snapshot: &Snapshot<'_>,
    after: Option<[u8; 16]>,
    made_before: Timestamp,
    limit: usize,
) -> Result<KeySweep> {
    let after = after.map_or(0, |cursor| i64::try_from(u128::from_be_bytes(cursor)).unwrap_or(i64::MAX));
    let mut statement = snapshot.connection.prepare_cached(
        "SELECT number, digest, created_at FROM idempotency WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut found = statement.query((after, codec::limit(limit.saturating_add(1))))?;
    let (mut expired, mut last, mut count) = (Vec::new(), after, 0_usize);
    while let Some(row) = found.next()? {
        count += 1;
        if count > limit {
            break;
        }
        last = row.get(0)?;
        if codec::time(row, 2)? < made_before {
            expired.push(row.get(1)?);
        }
    }
    let next = (count > limit).then(|| u128::try_from(last).unwrap_or(0).to_be_bytes());
    Ok(KeySweep { expired, next })
}

/// The first `limit` different ids that a statement finds.
fn ids(snapshot: &Snapshot<'_>, sql: &'static str, now: Timestamp, limit: usize) -> Result<Vec<[u8; 16]>> {
    let mut statement = snapshot.connection.prepare_cached(sql)?;
    let mut found = statement.query([now.0])?;
    let mut ids = Vec::new();
    while ids.len() < limit
        && let Some(row) = found.next()?
    {
        let id = row.get(0)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn orders(snapshot: &Snapshot<'_>, ids: &[[u8; 16]]) -> Result<Vec<Order>> {
    ids.iter().map(|id| rows::orders::get(snapshot.connection, OrderId::from_bytes(*id))).collect()
}

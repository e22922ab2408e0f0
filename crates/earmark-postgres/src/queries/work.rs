//! What is due? Lists for the workers, each a range of an index.

use earmark_core::ids::{CartId, OrderId};
use earmark_core::{Order, Timestamp};
use earmark_store::KeySweep;
use uuid::Uuid;

use crate::codec;
use crate::error::Result;
use crate::rows::{self, query};
use crate::session::Session;

/// Orders whose reservation has run out, the longest due first.
pub(super) async fn due_reservations(
    session: &Session,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<OrderId>> {
    let sql = "SELECT id FROM orders WHERE expiry_due_at <= $1 ORDER BY expiry_due_at, id LIMIT $2";
    Ok(ids(session, sql, now, limit).await?.into_iter().map(|id| OrderId(id.as_u128())).collect())
}

/// Orders with a pending payment whose next attempt is due, the longest due first.
pub(super) async fn due_payments(session: &Session, now: Timestamp, limit: usize) -> Result<Vec<Order>> {
    // An order has at most one pending payment.
    let sql = "SELECT order_id FROM payments WHERE status = 0 AND next_attempt_at <= $1 \
               ORDER BY next_attempt_at, order_id LIMIT $2";
    rows::orders::get(session, &ids(session, sql, now, limit).await?).await
}

/// Orders with a pending refund whose next attempt is due, the longest due first.
pub(super) async fn due_refunds(session: &Session, now: Timestamp, limit: usize) -> Result<Vec<Order>> {
    let sql = "SELECT order_id FROM refunds WHERE status = 0 AND next_attempt_at <= $1 \
               GROUP BY order_id ORDER BY min(next_attempt_at), order_id LIMIT $2";
    rows::orders::get(session, &ids(session, sql, now, limit).await?).await
}

/// Carts that have expired, the longest expired first.
pub(super) async fn due_carts(session: &Session, now: Timestamp, limit: usize) -> Result<Vec<CartId>> {
    let sql = "SELECT id FROM carts WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2";
    Ok(ids(session, sql, now, limit).await?.into_iter().map(|id| CartId(id.as_u128())).collect())
}

/// A range of the idempotency keys, in the order of their digests.
pub(super) async fn sweep_keys(
    session: &Session,
    after: Option<[u8; 16]>,
    made_before: Timestamp,
    limit: usize,
) -> Result<KeySweep> {
    let sql = "SELECT digest, created_at FROM idempotency WHERE $1::uuid IS NULL OR digest > $1 ORDER BY digest LIMIT $2";
    let want = codec::limit(limit.saturating_add(1));
    let found = query(session, sql, &[&after.map(Uuid::from_bytes), &want]).await?;
    let (mut expired, mut last) = (Vec::new(), None);
    for row in found.iter().take(limit) {
        let digest = codec::bits(row, 0)?.to_be_bytes();
        last = Some(digest);
        if codec::time(row, 1)? < made_before {
            expired.push(digest);
        }
    }
    Ok(KeySweep { expired, next: last.filter(|_| found.len() > limit) })
}

async fn ids(session: &Session, sql: &'static str, now: Timestamp, limit: usize) -> Result<Vec<Uuid>> {
    let found = query(session, sql, &[&now.0, &codec::limit(limit)]).await?;
    found.iter().map(|row| codec::get(row, 0)).collect()
}

//! Reads used idempotency keys.

use earmark_core::IdempotencyRecord;
use earmark_core::idempotency::KeptAnswer;
use earmark_core::ids::{OrderId, PaymentId};
use rusqlite::{Connection, Row};

use super::query_one;
use crate::codec;
use crate::error::{DatabaseError, Result};

/// The record in the row with this number.
pub(crate) fn find(connection: &Connection, number: i64) -> Result<Option<IdempotencyRecord>> {
    let sql = "SELECT digest, fingerprint, created_at, order_id, payment_id, whole FROM idempotency WHERE number = ?1";
    query_one(connection, sql, [number], read)
}

fn read(row: &Row<'_>) -> Result<IdempotencyRecord> {
    let order = row.get::<_, Option<[u8; 16]>>(3)?.map(OrderId::from_bytes);
    let payment = row.get::<_, Option<[u8; 16]>>(4)?.map(PaymentId::from_bytes);
    let answer = match (order, payment) {
        (Some(order), None) => KeptAnswer::Placed(order),
        (Some(order), Some(payment)) => KeptAnswer::Payment(order, payment),
        _ => KeptAnswer::Whole(
            codec::document(row, 5)?
                .ok_or_else(|| DatabaseError::damaged("an idempotency key", "it has no answer"))?,
        ),
    };
    Ok(IdempotencyRecord {
        digest: row.get(0)?,
        fingerprint: row.get(1)?,
        answer,
        created_at: codec::time(row, 2)?,
    })
}

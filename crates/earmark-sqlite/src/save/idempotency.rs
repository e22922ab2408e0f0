//! Saves used idempotency keys: they are appended under a number, and found through the deferred
//! index.

use earmark_core::idempotency::KeptAnswer;
use earmark_core::{Change, IdempotencyRecord};
use rusqlite::{Connection, params};

use super::refusals::expect_one;
use crate::codec;
use crate::deferred::Deferred;
use crate::error::Result;

pub(super) fn save(
    connection: &Connection,
    deferred: &mut Deferred,
    changes: &[Change<IdempotencyRecord>],
) -> Result<()> {
    for change in changes {
        if let Some(before) = &change.before {
            expect_one(deferred.delete_idempotency(connection, &before.digest)?, "an idempotency key")?;
        }
        if let Some(record) = &change.after {
            insert(connection, deferred, record)?;
        }
    }
    Ok(())
}

fn insert(connection: &Connection, deferred: &mut Deferred, record: &IdempotencyRecord) -> Result<()> {
    let (order, payment, whole) = match &record.answer {
        KeptAnswer::Placed(order) => (Some(order.to_bytes()), None, None),
        KeptAnswer::Payment(order, payment) => (Some(order.to_bytes()), Some(payment.to_bytes()), None),
        KeptAnswer::Whole(outcome) => (None, None, Some(codec::to_document(outcome)?.into_bytes())),
    };
    let number = deferred.add_idempotency(connection, record.digest)?;
    connection
        .prepare_cached(
            "INSERT INTO idempotency (number, digest, fingerprint, created_at, order_id, payment_id, whole) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            number,
            record.digest,
            record.fingerprint,
            record.created_at.0,
            order,
            payment,
            whole
        ])?;
    Ok(())
}

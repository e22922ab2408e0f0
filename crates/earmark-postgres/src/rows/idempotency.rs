//! Reads used idempotency keys.

use earmark_core::IdempotencyRecord;
use earmark_core::idempotency::KeptAnswer;
use earmark_core::ids::{OrderId, PaymentId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::query;
use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::session::Session;

/// The records that have these digests, in no order.
pub(crate) async fn find(session: &Session, digests: &[Uuid]) -> Result<Vec<IdempotencyRecord>> {
    if digests.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT digest, fingerprint, created_at, order_id, payment_id, whole FROM idempotency WHERE digest = ANY($1)";
    query(session, sql, &[&digests]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<IdempotencyRecord> {
    let order = codec::optional_bits(row, 3)?.map(OrderId);
    let payment = codec::optional_bits(row, 4)?.map(PaymentId);
    let answer = match (order, payment) {
        (Some(order), None) => KeptAnswer::Placed(order),
        (Some(order), Some(payment)) => KeptAnswer::Payment(order, payment),
        _ => KeptAnswer::Whole(
            codec::document(row, 5)?
                .ok_or_else(|| DatabaseError::damaged("an idempotency key", "it has no answer"))?,
        ),
    };
    Ok(IdempotencyRecord {
        digest: codec::bits(row, 0)?.to_be_bytes(),
        fingerprint: codec::bits(row, 1)?.to_be_bytes(),
        answer,
        created_at: codec::time(row, 2)?,
    })
}

//! Saves used idempotency keys.

use earmark_core::idempotency::KeptAnswer;
use earmark_core::{Change, IdempotencyRecord};
use uuid::Uuid;

use super::plan::{Plan, column, try_column};
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO idempotency (digest, fingerprint, created_at, order_id, payment_id, whole) \
     SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::bigint[]), unnest($4::uuid[]), unnest($5::uuid[]), unnest($6::text[])";
const DELETE: &str =
    "DELETE FROM idempotency t USING unnest($1::uuid[]) u (digest) WHERE t.digest = u.digest";

pub(super) fn save<'a>(changes: &'a [Change<IdempotencyRecord>], plan: &mut Plan<'a>) -> Result<()> {
    // First the rows that go: a new one may come under the same key.
    let gone = changes.iter().filter_map(|change| change.before.as_ref());
    let gone: Vec<_> = gone.map(|record| Uuid::from_bytes(record.digest)).collect();
    plan.add(DELETE, gone.len(), vec![column(gone.into_iter())]);
    let new: Vec<&IdempotencyRecord> = changes.iter().filter_map(|change| change.after.as_deref()).collect();
    let whole = new.iter().map(|record| match &record.answer {
        KeptAnswer::Whole(outcome) => codec::to_document(outcome).map(Some),
        KeptAnswer::Placed(_) | KeptAnswer::Payment(..) => Ok(None),
    });
    plan.add(
        INSERT,
        new.len(),
        vec![
            column(new.iter().map(|record| Uuid::from_bytes(record.digest))),
            column(new.iter().map(|record| Uuid::from_bytes(record.fingerprint))),
            column(new.iter().map(|record| record.created_at.0)),
            column(new.iter().map(|record| match &record.answer {
                KeptAnswer::Placed(order) | KeptAnswer::Payment(order, _) => Some(Uuid::from_u128(order.0)),
                KeptAnswer::Whole(_) => None,
            })),
            column(new.iter().map(|record| match &record.answer {
                KeptAnswer::Payment(_, payment) => Some(Uuid::from_u128(payment.0)),
                KeptAnswer::Placed(_) | KeptAnswer::Whole(_) => None,
            })),
            try_column(whole)?,
        ],
    );
    Ok(())
}

//! Answers a command again that was carried out before under the same key.

use std::sync::Arc;

use super::{IdempotencyKey, IdempotencyRecord, KeptAnswer};
use crate::{Action, Command, Keys, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Names the rows that the answer to a used key is made of. `false` if the key is not known to be
/// used, so that the command itself has to name its rows.
pub(crate) fn needs(key: &IdempotencyKey, rows: &WorkingSet, keys: &mut Keys) -> bool {
    keys.need_idempotency(rows, key.digest);
    if !rows.idempotency.knows(&key.digest) {
        return false;
    }
    let Some(record) = rows.idempotency.find(&key.digest) else { return false };
    if let KeptAnswer::Placed(id) | KeptAnswer::Payment(id, _) = &record.answer {
        keys.need_order(rows, *id);
    }
    true
}

/// The first answer to the command, if its key was used.
pub(crate) fn replay(command: &Command, rows: &WorkingSet) -> Result<Option<Outcome>> {
    let Some(key) = &command.idempotency else { return Ok(None) };
    let Some(record) = rows.idempotency.find(&key.digest) else { return Ok(None) };
    if record.fingerprint != key.fingerprint {
        return Err(Rejection::IdempotencyKeyReused);
    }
    let access = &command.caller.access;
    match &record.answer {
        KeptAnswer::Placed(id) => {
            let order = rows.reachable_order(*id, access)?;
            Ok(Some(Outcome::Order(Arc::new(order.as_placed()))))
        }
        KeptAnswer::Payment(order_id, payment_id) => {
            let order = rows.reachable_order(*order_id, access)?;
            let payment = order.payments.iter().find(|payment| payment.id == *payment_id);
            let payment = payment.ok_or(Rejection::NotFound)?.clone();
            Ok(Some(Outcome::Payment { order_id: *order_id, payment }))
        }
        KeptAnswer::Whole(outcome) => Ok(Some(Outcome::clone(outcome))),
    }
}

/// The row that lets the command be answered again.
pub(crate) fn record(
    key: IdempotencyKey,
    action: &Action,
    outcome: &Outcome,
    now: Timestamp,
) -> IdempotencyRecord {
    let answer = match (action, outcome) {
        (Action::PlaceOrder(_), Outcome::Order(order)) => KeptAnswer::Placed(order.id),
        (Action::StartPayment(_), Outcome::Payment { order_id, payment }) => {
            KeptAnswer::Payment(*order_id, payment.id)
        }
        _ => KeptAnswer::Whole(Box::new(outcome.clone())),
    };
    IdempotencyRecord { digest: key.digest, fingerprint: key.fingerprint, answer, created_at: now }
}

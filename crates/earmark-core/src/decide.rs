//! What comes of a command? The frame that all commands share: replay, rights and existence, version, then the command itself.

use std::sync::Arc;

use crate::caller::Access;
use crate::changes::{Changes, Decision};
use crate::command::{Action, Command, Mode};
use crate::idempotency::{IdempotencyRecord, KeptAnswer};
use crate::ids::{OrderId, PaymentId};
use crate::outcome::{Answer, Outcome};
use crate::working_set::{Keys, WorkingSet};
use crate::{Rejection, Timestamp};

/// Names the rows that a command still lacks. After each round of loading it may name more, at most three times.
pub fn needs(command: &Command, rows: &WorkingSet, keys: &mut Keys) {
    if let Some(key) = &command.idempotency {
        keys.need_idempotency(rows, key.digest);
        if rows.idempotency.knows(&key.digest)
            && let Some(record) = rows.idempotency.find(&key.digest)
        {
            // Used before: what its answer is made of is needed, and nothing else.
            if let KeptAnswer::Placed(id) | KeptAnswer::Payment(id, _) = &record.answer {
                keys.need_order(rows, *id);
            }
            return;
        }
    }
    needs_of_action(&command.action, rows, keys);
}

fn needs_of_action(action: &Action, rows: &WorkingSet, keys: &mut Keys) {
    match action {
        Action::PutItem(action) => action.needs(rows, keys),
        Action::AdjustStock(action) => action.needs(rows, keys),
        Action::ChangeCartLine(action) => action.needs(rows, keys),
        Action::DeleteCart(action) => action.needs(rows, keys),
        Action::PlaceOrder(action) => action.needs(rows, keys),
        Action::ConfirmOrder(action) => action.needs(rows, keys),
        Action::CancelOrder(action) => action.needs(rows, keys),
        Action::ExpireReservation(action) => action.needs(rows, keys),
        Action::ShipOrder(action) => action.needs(rows, keys),
        Action::DeliverShipment(action) => action.needs(rows, keys),
        Action::StartPayment(action) => action.needs(rows, keys),
        Action::SettlePayment(action) => action.needs(rows, keys),
        Action::ResolvePayment(action) => action.needs(rows, keys),
        Action::HastenAttempts(action) => action.needs(rows, keys),
        Action::CreateRefund(action) => action.needs(rows, keys),
        Action::SettleRefund(action) => action.needs(rows, keys),
        Action::CreateCart(_) | Action::CreateKey(_) => {}
        Action::RevokeKey(action) => action.needs(rows, keys),
        Action::PurgeIdempotencyKeys(action) => action.needs(rows, keys),
    }
}

/// Decides one command: its answer, and what becomes different, for [`WorkingSet::absorb`]. A dry run changes nothing.
///
/// # Panics
/// If a row that [`needs`] names was not loaded, or the decision would break an invariant: bugs, and going on would make them worse.
pub fn decide(rows: &WorkingSet, command: &Command, now: Timestamp) -> Result<(Answer, Changes), Rejection> {
    if let Some(outcome) = replay(rows, command)? {
        return Ok((Answer { outcome, replayed: true }, Changes::default()));
    }
    let decision = decide_action(rows, command, now);
    let decision = match (decision, command.if_match) {
        (Err(Rejection::NotFound), _) => return Err(Rejection::NotFound),
        (_, Some(wanted)) if version(rows, &command.action) != Some(wanted) => {
            return Err(Rejection::VersionMismatch { version: version(rows, &command.action).unwrap_or(0) });
        }
        (decision, _) => decision?,
    };
    let Decision { outcome, mut changes } = decision;
    if command.mode == Mode::DryRun {
        return Ok((Answer { outcome, replayed: false }, Changes::default()));
    }
    changes.orders.iter().for_each(|order| order.assert_sound());
    if let Some(key) = command.idempotency {
        let answer = keep(command, &outcome);
        let (digest, fingerprint) = (key.digest, key.fingerprint);
        changes.idempotency = Some(IdempotencyRecord { digest, fingerprint, answer, created_at: now });
    }
    Ok((Answer { outcome, replayed: false }, changes))
}

fn decide_action(rows: &WorkingSet, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
    let caller = &command.caller;
    match &command.action {
        Action::PutItem(action) => action.decide(rows, now),
        Action::AdjustStock(action) => action.decide(rows, now),
        Action::CreateCart(action) => action.decide(caller, now),
        Action::ChangeCartLine(action) => action.decide(caller, rows, now),
        Action::DeleteCart(action) => action.decide(caller, rows, now),
        Action::PlaceOrder(action) => action.decide(caller, rows, now),
        Action::ConfirmOrder(action) => action.decide(caller, rows, now),
        Action::CancelOrder(action) => action.decide(caller, rows, now),
        Action::ExpireReservation(action) => action.decide(rows, now),
        Action::ShipOrder(action) => action.decide(caller, rows, now),
        Action::DeliverShipment(action) => action.decide(caller, rows, now),
        Action::StartPayment(action) => action.decide(caller, rows, now),
        Action::SettlePayment(action) => action.decide(rows, now),
        Action::ResolvePayment(action) => action.decide(caller, rows, now),
        Action::HastenAttempts(action) => action.decide(rows, now),
        Action::CreateRefund(action) => action.decide(caller, rows, now),
        Action::SettleRefund(action) => action.decide(rows, now),
        Action::CreateKey(action) => Ok(action.decide(now)),
        Action::RevokeKey(action) => action.decide(rows, now),
        Action::PurgeIdempotencyKeys(action) => Ok(action.decide(rows, now)),
    }
}

/// The version of the resource that a command is about; `None` where there is none (yet).
fn version(rows: &WorkingSet, action: &Action) -> Option<u64> {
    let order = |id: &OrderId| rows.orders.find(id).map(|order| order.version);
    match action {
        Action::PutItem(action) => action.version(rows),
        Action::AdjustStock(action) => action.version(rows),
        Action::ChangeCartLine(action) => action.version(rows),
        Action::DeleteCart(action) => action.version(rows),
        Action::PlaceOrder(action) => action.version(rows),
        Action::ConfirmOrder(action) => order(&action.order_id),
        Action::CancelOrder(action) => order(&action.order_id),
        Action::ExpireReservation(action) => order(&action.order_id),
        Action::ShipOrder(action) => order(&action.order_id),
        Action::DeliverShipment(action) => action.version(rows),
        Action::StartPayment(action) => order(&action.order_id),
        Action::SettlePayment(action) => order(&action.order_id),
        Action::ResolvePayment(action) => action.version(rows),
        Action::HastenAttempts(action) => order(&action.order_id),
        Action::CreateRefund(action) => order(&action.order_id),
        Action::SettleRefund(action) => order(&action.order_id),
        Action::RevokeKey(action) => action.version(rows),
        Action::CreateCart(_) | Action::CreateKey(_) | Action::PurgeIdempotencyKeys(_) => None,
    }
}

/// The first answer again, if the key was used.
fn replay(rows: &WorkingSet, command: &Command) -> Result<Option<Outcome>, Rejection> {
    let Some(key) = &command.idempotency else { return Ok(None) };
    let Some(record) = rows.idempotency.find(&key.digest) else { return Ok(None) };
    if record.fingerprint != key.fingerprint {
        return Err(Rejection::IdempotencyKeyReused);
    }
    let order = |id: &OrderId| {
        let order = rows.orders.find(id).expect("an order is never deleted");
        reaches(&command.caller.access, order).then_some(order).ok_or(Rejection::NotFound)
    };
    match &record.answer {
        KeptAnswer::Placed(id) => Ok(Some(Outcome::Order(Arc::new(order(id)?.as_placed())))),
        KeptAnswer::Payment(id, payment_id) => payment_of(order(id)?, *payment_id).map(Some),
        KeptAnswer::Whole(outcome) => Ok(Some(Outcome::clone(outcome))),
    }
}

fn reaches(access: &Access, order: &crate::orders::Order) -> bool {
    access.reaches(order.customer_id.as_ref())
}

fn payment_of(order: &crate::orders::Order, id: PaymentId) -> Result<Outcome, Rejection> {
    let payment = order.payments.iter().find(|payment| payment.id == id).ok_or(Rejection::NotFound)?;
    Ok(Outcome::Payment { order_id: order.id, payment: payment.clone() })
}

/// What is kept to give the same answer again.
fn keep(command: &Command, outcome: &Outcome) -> KeptAnswer {
    match (&command.action, outcome) {
        (Action::PlaceOrder(_), Outcome::Order(order)) => KeptAnswer::Placed(order.id),
        (Action::StartPayment(_), Outcome::Payment { order_id, payment }) => {
            KeptAnswer::Payment(*order_id, payment.id)
        }
        _ => KeptAnswer::Whole(Box::new(outcome.clone())),
    }
}

//! What comes of a command?
//!
//! Here is the frame that all commands share: a key that was used before is answered again, then
//! the action decides, then the version is compared. What an action does stands in its own file.
//!
//! A command about something that does not exist for the caller is `NotFound` whatever version it
//! names, and one that names another version is `VersionMismatch` whatever else is wrong with it.

use crate::idempotency::replay;
use crate::ids::{CartId, OrderId};
use crate::text::Sku;
use crate::{
    Action, Answer, Changes, Command, Decision, Keys, Mode, Rejection, Result, Timestamp, WorkingSet,
};

/// Names the rows that a command still lacks. After each round of loading it may name more, at most
/// three times.
pub fn needs(command: &Command, rows: &WorkingSet, keys: &mut Keys) {
    if let Some(key) = &command.idempotency
        && replay::needs(key, rows, keys)
    {
        return;
    }
    match &command.action {
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

/// Decides one command: its answer, and the changes for [`WorkingSet::absorb`]. A dry run is
/// answered as if it were carried out and changes nothing.
///
/// # Panics
/// If a row that [`needs`] names was not loaded, or if the decision would break an invariant. Both
/// are bugs, and going on would make them worse.
pub fn decide(rows: &WorkingSet, command: &Command, now: Timestamp) -> Result<(Answer, Changes), Rejection> {
    if let Some(outcome) = replay::replay(command, rows)? {
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
    changes.idempotency = command.idempotency.map(|key| replay::record(key, &command.action, &outcome, now));
    Ok((Answer { outcome, replayed: false }, changes))
}

fn decide_action(rows: &WorkingSet, command: &Command, now: Timestamp) -> Result<Decision> {
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

/// The version of the resource that a command changes; `None` where there is none (yet).
fn version(rows: &WorkingSet, action: &Action) -> Option<u64> {
    let stock = |sku: &Sku| rows.stocks.find(sku).map(|stock| stock.version);
    let cart = |id: &CartId| rows.carts.find(id).map(|cart| cart.version);
    let order = |id: &OrderId| rows.orders.find(id).map(|order| order.version);
    match action {
        Action::PutItem(action) => stock(&action.sku),
        Action::AdjustStock(action) => stock(&action.sku),
        Action::ChangeCartLine(action) => cart(&action.cart_id),
        Action::DeleteCart(action) => cart(&action.cart_id),
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
        Action::RevokeKey(action) => rows.api_keys.find(&action.id).map(|key| key.version),
        Action::CreateCart(_) | Action::CreateKey(_) | Action::PurgeIdempotencyKeys(_) => None,
    }
}

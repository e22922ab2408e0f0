//! How are the changes of a batch written? One statement a table, over arrays, all in one round trip: inserts where nothing was before, otherwise
//! updates of the versions that were loaded. A count other than the number of rows is [`DatabaseError::Conflict`]. Each kind has its file.

mod carts;
mod events;
mod idempotency;
mod items;
mod keys;
mod lines;
mod orders;
mod payments;
mod plan;
mod refunds;

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::{BatchChanges, Fact};
use earmark_store::Meanwhile;

use crate::error::{BrokenOnPurpose, DatabaseError};
use crate::outcome::Node;
use crate::rows::events::STREAM;
use crate::session::Session;

use plan::{Plan, column};

const UPDATE_STREAM: &str = "UPDATE streams t SET last_sequence = u.last_sequence, last_at = u.last_at \
     FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) u (id, last_sequence, last_at, was) \
     WHERE t.id = u.id AND t.last_sequence = u.was";
const UPDATE_NODE: &str = "UPDATE nodes t SET batch = u.batch, seen_at = now() \
     FROM unnest($1::uuid[], $2::bigint[]) u (id, batch) WHERE t.id = u.id AND t.batch = u.batch - 1";

/// Writes all of it into the open transaction, and leaves nothing to be said but COMMIT.
pub(crate) async fn save(
    session: &Session,
    (changes, node): (&BatchChanges, &Node),
    broken: Option<BrokenOnPurpose>,
    meanwhile: &mut dyn Meanwhile,
) -> Result<(), DatabaseError> {
    let renumbered = crate::rows::events::renumber(session, changes, broken).await?;
    let changes = renumbered.as_ref().unwrap_or(changes);
    is_told_by_events(changes)?;
    let mut plan = Plan::new(broken);
    items::save(&changes.items, &mut plan)?;
    items::save_stocks(&changes.stocks, &mut plan)?;
    carts::save(&changes.carts, &mut plan)?;
    orders::save(changes, &mut plan)?;
    keys::save(&changes.api_keys, &mut plan)?;
    idempotency::save(&changes.idempotency, &mut plan)?;
    events::save(&changes.events, &mut plan)?;
    if renumbered.is_none() {
        end_turn(changes, &mut plan)?;
    }
    plan.updates(
        ("the row of this node", UPDATE_NODE),
        1,
        vec![column([node.id].into_iter()), column([node.batch + 1].into_iter())],
    );
    plan.run(session, meanwhile).await
}

/// Refuses what other nodes would not hear of: they read items again when the number of the last event has changed.
fn is_told_by_events(changes: &BatchChanges) -> Result<(), DatabaseError> {
    if changes.events.is_empty() && !(changes.items.is_empty() && changes.stocks.is_empty()) {
        return Err(DatabaseError::Damaged("items were to be changed without an event".to_owned()));
    }
    Ok(())
}

/// Moves the stream on by the events of the batch, from where it was when the turn was taken.
fn end_turn(changes: &BatchChanges, plan: &mut Plan<'_>) -> Result<(), DatabaseError> {
    let (Some(first), Some(last)) = (changes.events.first(), changes.events.last()) else { return Ok(()) };
    let before = crate::codec::integer(first.sequence)? - 1;
    let (sequence, at) = (crate::codec::integer(last.sequence)?, last.at.0);
    plan.updates(
        ("the stream", UPDATE_STREAM),
        1,
        vec![
            column([STREAM].into_iter()),
            column([sequence].into_iter()),
            column([at].into_iter()),
            column([before].into_iter()),
        ],
    );
    Ok(())
}

/// The numbers of the `order.created` of a batch.
fn created(changes: &BatchChanges) -> HashMap<OrderId, u64> {
    let created = changes.events.iter().filter(|event| event.fact == Fact::OrderCreated);
    created.filter_map(|event| Some((event.order_id?, event.sequence))).collect()
}

/// Refuses to delete what is never deleted.
fn never_deleted<T>(what: &str) -> Result<T, DatabaseError> {
    Err(DatabaseError::Conflict(format!("{what} is never deleted")))
}

//! How are the changes of a batch written? One statement for each table, over arrays of columns,
//! all of them in one round trip.
//!
//! A row that was absent is inserted; a row that was loaded is updated only if it still has the
//! version that was loaded. A statement that changes another number of rows than it should is a
//! [`DatabaseError::Conflict`](crate::error::DatabaseError::Conflict). Each kind of row has its
//! file; `plan.rs` sends the statements.

mod carts;
mod changed;
mod events;
mod idempotency;
mod items;
mod keys;
mod lines;
mod orders;
mod payments;
mod plan;
mod refunds;
mod refusals;
mod stream;

use earmark_core::BatchChanges;
use earmark_store::Overlap;

use crate::error::Result;
use crate::outcome::Node;
use crate::session::Session;
use changed::ChangedOrders;
use plan::{Plan, column};
pub(crate) use stream::UPDATE_STREAM;

const UPDATE_NODE: &str = "UPDATE nodes t SET batch = u.batch, seen_at = now() \
     FROM unnest($1::uuid[], $2::bigint[]) u (id, batch) WHERE t.id = u.id AND t.batch = u.batch - 1";

/// What is saved together: the changes of a batch, and the node whose row counts its batches.
pub(crate) struct Batch<'a> {
    pub(crate) changes: &'a BatchChanges,
    pub(crate) node: &'a Node,
}

/// Writes a batch into the open transaction, so that only COMMIT is left to be sent.
pub(crate) async fn save(session: &Session, batch: &Batch<'_>, overlap: &mut dyn Overlap) -> Result<()> {
    plan(batch)?.run(session, overlap).await
}

/// The statements that write a batch. Nothing is sent yet.
pub(crate) fn plan<'a>(batch: &Batch<'a>) -> Result<Plan<'a>> {
    let Batch { changes, node } = *batch;
    refusals::items_need_events(changes)?;
    let mut plan = Plan::default();
    items::save(&changes.items, &mut plan)?;
    items::save_stocks(&changes.stocks, &mut plan)?;
    carts::save(&changes.carts, &mut plan)?;
    let changed = ChangedOrders::of(changes)?;
    orders::save(&changed, &mut plan)?;
    lines::save(&changed, &mut plan)?;
    payments::save(&changed, &mut plan)?;
    refunds::save(&changed, &mut plan)?;
    keys::save(&changes.api_keys, &mut plan)?;
    idempotency::save(&changes.idempotency, &mut plan)?;
    events::save(&changes.events, &mut plan)?;
    stream::save(&changes.events, &mut plan)?;
    let counted = vec![column([node.id].into_iter()), column([node.batch + 1].into_iter())];
    plan.add(UPDATE_NODE, 1, counted);
    Ok(plan)
}

//! Events, and the number of the last one.

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::movements::{self, Delta};
use earmark_core::{Event, Fact, Order};
use uuid::Uuid;

use super::{orders, query};
use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::session::Session;

/// The only stream. With several, each would have its turns and its own items.
pub(crate) const STREAM: i16 = 1;

/// The number of the last event; 0 before the first.
pub(crate) async fn last_sequence(session: &Session) -> Result<u64> {
    let rows = query(session, "SELECT last_sequence FROM streams WHERE id = $1", &[&STREAM]).await?;
    let row =
        rows.first().ok_or_else(|| DatabaseError::damaged("the stream of events", "its row is gone"))?;
    codec::count(row, 0)
}

/// The events with these numbers, in no order.
pub(crate) async fn find(session: &Session, sequences: &[i64]) -> Result<Vec<Event>> {
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} FROM events WHERE stream = $1 AND sequence = ANY($2)", codec::EVENT_COLUMNS);
    query(session, &sql, &[&STREAM, &sequences]).await?.iter().map(codec::event).collect()
}

/// The id of the order that [`deltas`] needs to say what the event did to the counters; `None` if
/// it needs none.
pub(crate) fn needs_order(event: &Event) -> Result<Option<Uuid>> {
    match (&event.fact, event.order_id) {
        (Fact::OrderCreated, Some(id)) => Ok(Some(Uuid::from_u128(id.0))),
        (Fact::OrderCreated, None) => {
            Err(DatabaseError::damaged("an order.created without its order", event.sequence))
        }
        (Fact::StockAdjusted { .. }, _) if event.sku.is_none() => {
            Err(DatabaseError::damaged("a stock.adjusted without its item", event.sequence))
        }
        _ => Ok(None),
    }
}

/// The orders that [`needs_order`] names for these events; those that are not there are left out.
pub(crate) async fn orders_of(session: &Session, events: &[Event]) -> Result<HashMap<OrderId, Order>> {
    let ids = events.iter().filter_map(|event| needs_order(event).transpose());
    orders::find(session, &ids.collect::<Result<Vec<_>>>()?).await
}

/// What an event did to the counters. `order` is the one that [`needs_order`] names.
pub(crate) fn deltas(event: &Event, order: Option<&Order>) -> Result<Vec<Delta>> {
    if needs_order(event)?.is_some() && order.is_none() {
        return Err(DatabaseError::damaged("an order is named but not there, by event", event.sequence));
    }
    Ok(movements::deltas(event, order))
}

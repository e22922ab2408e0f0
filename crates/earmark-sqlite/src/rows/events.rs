//! Reads events, and the number of the last one.

use earmark_core::movements::{self, Delta};
use earmark_core::{Event, Fact, Order, Timestamp};
use rusqlite::Connection;

use super::{orders, query_one};
use crate::codec;
use crate::error::{DatabaseError, Result};

/// The types that move counters, but for `order.created`, as SQL lists them.
pub(crate) fn moving_types() -> String {
    movements::MOVING_BUT_CREATED.map(|place| place.to_string()).join(", ")
}

/// The number of the last event; 0 before the first.
pub(crate) fn last_sequence(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(sequence), 0) FROM events")?;
    statement.query_row([], |row| Ok(codec::count(row, 0)))?
}

/// The number and the time of the last event; zero before the first.
pub(crate) fn last(connection: &Connection) -> Result<(u64, Timestamp)> {
    let sql = "SELECT sequence, at FROM events ORDER BY sequence DESC LIMIT 1";
    let last = query_one(connection, sql, [], |row| Ok((codec::count(row, 0)?, codec::time(row, 1)?)))?;
    Ok(last.unwrap_or_default())
}

/// The event with this number.
pub(crate) fn find(connection: &Connection, sequence: i64) -> Result<Option<Event>> {
    let sql = "SELECT sequence, at, type, actor, order_id, sku, data FROM events WHERE sequence = ?1";
    query_one(connection, sql, [sequence], codec::event)
}

/// The order that is needed to say what an event did to the counters of items, if one is.
pub(crate) fn order_of(connection: &Connection, event: &Event) -> Result<Option<Order>> {
    match (&event.fact, event.order_id) {
        (Fact::OrderCreated, Some(id)) => orders::get(connection, id).map(Some),
        (Fact::OrderCreated, None) => {
            Err(DatabaseError::damaged("an order.created without its order", event.sequence))
        }
        (Fact::StockAdjusted { .. }, _) if event.sku.is_none() => {
            Err(DatabaseError::damaged("a stock.adjusted without its item", event.sequence))
        }
        _ => Ok(None),
    }
}

/// What an event did to the counters of items.
pub(crate) fn deltas(connection: &Connection, event: &Event) -> Result<Vec<Delta>> {
    Ok(movements::deltas(event, order_of(connection, event)?.as_ref()))
}

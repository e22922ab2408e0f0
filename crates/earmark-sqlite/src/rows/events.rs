//! Reads events, and the number of the last one.

use earmark_core::movements::{self, Delta};
use earmark_core::{Event, Fact, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::rows::orders;

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
    let mut statement =
        connection.prepare_cached("SELECT sequence, at FROM events ORDER BY sequence DESC LIMIT 1")?;
    let last =
        statement.query_row([], |row| Ok((codec::count(row, 0), Timestamp(row.get(1)?)))).optional()?;
    last.map_or(Ok((0, Timestamp(0))), |(sequence, at)| Ok((sequence?, at)))
}

/// The event with this number.
pub(crate) fn find(connection: &Connection, sequence: i64) -> Result<Option<Event>> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, at, type, actor, order_id, sku, data FROM events WHERE sequence = ?1",
    )?;
    statement.query_row([sequence], |row| Ok(codec::event(row))).optional()?.transpose()
}

/// What an event did to the counters of items.
pub(crate) fn deltas(connection: &Connection, event: &Event) -> Result<Vec<Delta>> {
    let order = match (&event.fact, event.order_id) {
        (Fact::OrderCreated, Some(id)) => Some(orders::get(connection, id)?),
        (Fact::OrderCreated, None) => {
            return Err(DatabaseError::damaged("an order.created without its order", event.sequence));
        }
        (Fact::StockAdjusted { .. }, _) if event.sku.is_none() => {
            return Err(DatabaseError::damaged("a stock.adjusted without its item", event.sequence));
        }
        _ => None,
    };
    Ok(movements::deltas(event, order.as_ref()))
}

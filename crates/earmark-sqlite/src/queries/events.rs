//! Lists events, oldest first.

use earmark_core::ids::OrderId;
use earmark_core::{Event, Fact};
use earmark_store::{Page, RecordedEvent};
use rusqlite::Params;

use crate::codec::{self, EVENT_COLUMNS};
use crate::error::{DatabaseError, Result};
use crate::rows;
use crate::snapshot::Snapshot;

/// The place of `order.created`, the one type that `events_by_type` leaves out.
const ORDER_CREATED: usize = 0;

/// A page of all events.
pub(super) fn list(
    snapshot: &Snapshot<'_>,
    after: u64,
    types: Option<&[usize]>,
    limit: usize,
) -> Result<Page<RecordedEvent>> {
    let (after, want) = (i64::try_from(after).unwrap_or(i64::MAX), codec::limit(limit.saturating_add(1)));
    let Some(types) = types else {
        let sql =
            format!("SELECT {EVENT_COLUMNS} FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
        return recorded(snapshot, read(snapshot, &sql, (after, want))?, limit);
    };
    let mut events = Vec::new();
    for index in types {
        // The type is part of the statement's text, so that SQLite sees that the index, which
        // leaves `order.created` out, holds all that is wanted.
        let from = match *index {
            ORDER_CREATED => "events NOT INDEXED WHERE type = 0".to_owned(),
            index => format!("events INDEXED BY events_by_type WHERE type <> 0 AND type = {index}"),
        };
        let sql = format!("SELECT {EVENT_COLUMNS} FROM {from} AND sequence > ?1 ORDER BY sequence LIMIT ?2");
        events.extend(read(snapshot, &sql, (after, want))?);
    }
    events.sort_by_key(|event| event.sequence);
    events.dedup_by_key(|event| event.sequence);
    recorded(snapshot, events, limit)
}

/// A page of the events of an order.
pub(super) fn list_of_order(
    snapshot: &Snapshot<'_>,
    id: OrderId,
    after: u64,
    limit: usize,
) -> Result<Page<RecordedEvent>> {
    let (after, want) = (i64::try_from(after).unwrap_or(i64::MAX), codec::limit(limit.saturating_add(1)));
    let sql = "SELECT created_sequence FROM orders WHERE id = ?1 AND created_sequence > ?2";
    let created = rows::query_one(snapshot.connection, sql, (id.to_bytes(), after), |row| Ok(row.get(0)?))?;
    let mut events: Vec<Event> = match created {
        Some(sequence) => rows::events::find(snapshot.connection, sequence)?.into_iter().collect(),
        None => Vec::new(),
    };
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events INDEXED BY events_by_order \
         WHERE order_id = ?1 AND type <> 0 AND sequence > ?2 ORDER BY sequence LIMIT ?3"
    );
    events.extend(read(snapshot, &sql, (id.to_bytes(), after, want))?);
    events.sort_by_key(|event| event.sequence);
    recorded(snapshot, events, limit)
}

fn read(snapshot: &Snapshot<'_>, sql: &str, parameters: impl Params) -> Result<Vec<Event>> {
    rows::query(snapshot.connection, sql, parameters, codec::event)
}

/// Adds the order as it was placed to each `order.created`, which does not store it.
fn recorded(snapshot: &Snapshot<'_>, events: Vec<Event>, limit: usize) -> Result<Page<RecordedEvent>> {
    let Page { rows, more } = Page::of(events, limit);
    let with_order = |event: Event| {
        let placed = match (&event.fact, event.order_id) {
            (Fact::OrderCreated, Some(id)) => {
                Some(Box::new(rows::orders::get(snapshot.connection, id)?.as_placed()))
            }
            (Fact::OrderCreated, None) => {
                return Err(DatabaseError::damaged("an order.created without its order", event.sequence));
            }
            _ => None,
        };
        Ok(RecordedEvent { event, placed })
    };
    Ok(Page { rows: rows.into_iter().map(with_order).collect::<Result<_>>()?, more })
}

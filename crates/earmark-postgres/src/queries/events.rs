//! Lists events, oldest first.

use earmark_core::Event;
use earmark_core::ids::OrderId;
use earmark_store::{Page, RecordedEvent};
use uuid::Uuid;

use crate::codec::{self, EVENT_COLUMNS};
use crate::error::{DatabaseError, Result};
use crate::rows::events::{STREAM, needs_order, orders_of};
use crate::rows::{self, query};
use crate::session::Session;

/// The place of `order.created`, the one type that `events_by_type` leaves out.
const ORDER_CREATED: usize = 0;

/// A page of all events.
pub(super) async fn list(
    session: &Session,
    after: u64,
    types: Option<&[usize]>,
    limit: usize,
) -> Result<Page<RecordedEvent>> {
    let (after, want) = (i64::try_from(after).unwrap_or(i64::MAX), codec::limit(limit.saturating_add(1)));
    let Some(types) = types else {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM events WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
        );
        let found = query(session, &sql, &[&STREAM, &after, &want]).await?;
        return recorded(session, found.iter().map(codec::event).collect::<Result<_, _>>()?, limit).await;
    };
    let mut events: Vec<Event> = Vec::new();
    for index in types {
        // The type is part of the statement's text, so that the server sees that the index, which
        // leaves `order.created` out, holds all that is wanted.
        let which = match *index {
            ORDER_CREATED => "type = 0".to_owned(),
            index => format!("type <> 0 AND type = {index}"),
        };
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM events WHERE stream = $1 AND {which} AND sequence > $2 ORDER BY sequence LIMIT $3"
        );
        for row in &query(session, &sql, &[&STREAM, &after, &want]).await? {
            events.push(codec::event(row)?);
        }
    }
    events.sort_by_key(|event| event.sequence);
    events.dedup_by_key(|event| event.sequence);
    recorded(session, events, limit).await
}

/// A page of the events of an order.
pub(super) async fn list_of_order(
    session: &Session,
    id: OrderId,
    after: u64,
    limit: usize,
) -> Result<Page<RecordedEvent>> {
    let (after, want) = (i64::try_from(after).unwrap_or(i64::MAX), codec::limit(limit.saturating_add(1)));
    let id = Uuid::from_u128(id.0);
    let created = "SELECT created_sequence FROM orders WHERE id = $1 AND created_sequence > $2";
    let created = query(session, created, &[&id, &after]).await?;
    let created = created.iter().map(|row| codec::get(row, 0)).collect::<Result<Vec<i64>, _>>()?;
    let mut events = rows::events::find(session, &created).await?;
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events \
         WHERE stream = $1 AND order_id = $2 AND type <> 0 AND sequence > $3 ORDER BY sequence LIMIT $4"
    );
    for row in &query(session, &sql, &[&STREAM, &id, &after, &want]).await? {
        events.push(codec::event(row)?);
    }
    events.sort_by_key(|event| event.sequence);
    recorded(session, events, limit).await
}

/// Adds the order as it was placed to each `order.created`, which does not store it.
async fn recorded(session: &Session, events: Vec<Event>, limit: usize) -> Result<Page<RecordedEvent>> {
    let Page { rows: events, more } = Page::of(events, limit);
    let orders = orders_of(session, &events).await?;
    let with_order = |event: Event| {
        let placed = match needs_order(&event)? {
            None => None,
            Some(id) => {
                let order = orders.get(&OrderId(id.as_u128()));
                let order =
                    order.ok_or_else(|| DatabaseError::damaged("an order is named but not there", id))?;
                Some(Box::new(order.as_placed()))
            }
        };
        Ok(RecordedEvent { event, placed })
    };
    Ok(Page { rows: events.into_iter().map(with_order).collect::<Result<_>>()?, more })
}

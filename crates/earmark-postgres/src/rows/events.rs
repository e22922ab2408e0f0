//! Events, and whose turn it is to write the next ones.

use earmark_core::movements::{self, Delta};
use earmark_core::orders::Order;
use earmark_core::{BatchChanges, Event, Fact, Timestamp};
use tokio_postgres::{Row, Statement};

use super::query;
use crate::codec;
use crate::error::{BrokenOnPurpose, DatabaseError};
use crate::session::Session;

/// The one stream there is. With several, each would have its turns and its own items.
pub(crate) const STREAM: i16 = 1;

/// Prepares what [`take_turn`] sends.
pub(crate) async fn prepare_turn(
    session: &Session,
    broken: Option<BrokenOnPurpose>,
) -> Result<Statement, DatabaseError> {
    let sql = if BrokenOnPurpose::takes_turns(broken) {
        "SELECT last_sequence, last_at FROM streams WHERE id = $1 FOR UPDATE"
    } else {
        "SELECT last_sequence, last_at FROM streams WHERE id = $1"
    };
    Ok(session.prepare_cached(sql).await?)
}

/// Begins a transaction and waits for the turn; gives the number and the time of the last event. All of it is sent when it is first polled.
pub(crate) async fn take_turn(
    session: &Session,
    turn: &Statement,
) -> Result<(u64, Timestamp), DatabaseError> {
    let (begun, row) = tokio::join!(session.batch_execute("BEGIN"), session.query_opt(turn, &[&STREAM]));
    begun?;
    let row = row?.ok_or_else(|| DatabaseError::damaged("the stream of events", "its row is gone"))?;
    Ok((codec::count(&row, 0)?, codec::time(&row, 1)?))
}

/// The number of the last event; 0 before the first.
pub(crate) async fn last_sequence(session: &Session) -> Result<u64, DatabaseError> {
    let rows = query(session, "SELECT last_sequence FROM streams WHERE id = $1", &[&STREAM]).await?;
    let row =
        rows.first().ok_or_else(|| DatabaseError::damaged("the stream of events", "its row is gone"))?;
    codec::count(row, 0)
}

/// The events with these numbers, in no order.
pub(crate) async fn find(session: &Session, sequences: &[i64]) -> Result<Vec<Event>, DatabaseError> {
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} FROM events WHERE stream = $1 AND sequence = ANY($2)", codec::EVENT_COLUMNS);
    query(session, &sql, &[&STREAM, &sequences]).await?.iter().map(codec::event).collect()
}

/// The order that an event must come with, to say what it did.
pub(crate) fn needs_order(event: &Event) -> Result<Option<uuid::Uuid>, DatabaseError> {
    match (&event.fact, event.order_id) {
        (Fact::OrderCreated, Some(id)) => Ok(Some(uuid::Uuid::from_u128(id.0))),
        (Fact::OrderCreated, None) => {
            Err(DatabaseError::damaged("an order.created without its order", event.sequence))
        }
        (Fact::StockAdjusted { .. }, _) if event.sku.is_none() => {
            Err(DatabaseError::damaged("a stock.adjusted without its item", event.sequence))
        }
        _ => Ok(None),
    }
}

/// What an event did to the counters; `order` is the one that [`needs_order`] asked for.
pub(crate) fn deltas(event: &Event, order: Option<&Order>) -> Result<Vec<Delta>, DatabaseError> {
    if needs_order(event)?.is_some() && order.is_none() {
        return Err(DatabaseError::damaged("an order is named but not there, by event", event.sequence));
    }
    Ok(movements::deltas(event, order))
}

/// Where events get their numbers from a plain sequence on purpose: makes it.
pub(crate) async fn prepare_numbers(
    session: &Session,
    broken: Option<BrokenOnPurpose>,
) -> Result<(), DatabaseError> {
    if takes_numbers(broken) {
        // Another node may be making it at the same moment.
        let made = session.batch_execute("CREATE SEQUENCE IF NOT EXISTS numbers_without_turns").await;
        if let Err(error) = made
            && error.code().is_none()
        {
            return Err(error.into());
        }
    }
    Ok(())
}

/// The same changes, their events with numbers from that sequence; `None` where turns give the numbers.
pub(crate) async fn renumber(
    session: &Session,
    changes: &BatchChanges,
    broken: Option<BrokenOnPurpose>,
) -> Result<Option<BatchChanges>, DatabaseError> {
    if !takes_numbers(broken) {
        return Ok(None);
    }
    let sql = "SELECT nextval('numbers_without_turns') FROM generate_series(1, $1::bigint)";
    let rows: Vec<Row> = query(session, sql, &[&codec::limit(changes.events.len())]).await?;
    let mut changes = changes.clone();
    for (event, row) in changes.events.iter_mut().zip(&rows) {
        event.sequence = codec::count(row, 0)?;
    }
    Ok(Some(changes))
}

fn takes_numbers(broken: Option<BrokenOnPurpose>) -> bool {
    matches!(broken, Some(BrokenOnPurpose::EventNumbers | BrokenOnPurpose::TurnsAndVersions))
}

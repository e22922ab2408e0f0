//! How does a reader go through the segments and the events after them? In one snapshot, in strides
//! that grow the further it has to go.

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::movements::{MOVING_BUT_CREATED, deltas};
use earmark_core::text::Sku;
use earmark_store::postings::{self, Posting};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::codec::{self, EVENT_COLUMNS, get};
use crate::error::{DatabaseError, Result};
use crate::rows::events::STREAM;
use crate::rows::query;
use crate::session::Session;

/// How many segments are in the first stride, and in the longest.
const STRIDE: (i64, i64) = (4, 1_024);

/// A range of events that is grouped by item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// The sequence of the last event before it.
    pub(super) after: i64,
    /// The sequence of the last event in it.
    pub(super) last: i64,
    /// The lowest id of an order in it. Ids are made before their orders are committed, so the ids
    /// of two segments may overlap a little.
    min: OrderId,
    /// The highest id of an order in this segment or any older one.
    pub(super) highest: OrderId,
}

pub(super) async fn newest(session: &Session) -> Result<Option<Segment>> {
    Ok(segments(session, i64::MAX, 1).await?.pop())
}

/// At most `count` segments that begin before an event, the newest first.
async fn segments(session: &Session, before: i64, count: i64) -> Result<Vec<Segment>> {
    let sql = "SELECT after_sequence, last_sequence, min_order_id, highest_order_id FROM segments \
               WHERE stream = $1 AND after_sequence < $2 ORDER BY after_sequence DESC LIMIT $3";
    let read = |row: &Row| {
        let (after, last) = (get(row, 0)?, get(row, 1)?);
        let (min, highest) = (OrderId(codec::bits(row, 2)?), OrderId(codec::bits(row, 3)?));
        Ok(Segment { after, last, min, highest })
    };
    query(session, sql, &[&STREAM, &before, &count]).await?.iter().map(read).collect()
}

fn list(row: &Row, column: usize) -> Result<Vec<Posting>> {
    postings::read(get(row, column)?)
        .ok_or_else(|| DatabaseError::damaged("a list of events", "it ends in the middle"))
}

/// The numbers of the events before `below` that moved an item's counters, newest first, at most
/// `want`.
pub(crate) async fn events(session: &Session, sku: &Sku, below: i64, want: usize) -> Result<Vec<i64>> {
    let reached = newest(session).await?.map_or(0, |segment| segment.last);
    let mut found: Vec<i64> =
        placed_after(session, sku, reached, below).await?.into_iter().map(|(sequence, _)| sequence).collect();
    found.extend(others_after(session, sku, reached, below).await?);
    found.sort_unstable_by(|left, right| right.cmp(left));
    let sql = "SELECT after_sequence, postings FROM segment_postings WHERE sku = $1 AND after_sequence < $2 \
               ORDER BY after_sequence DESC LIMIT $3";
    let (mut before, mut stride) = (below.saturating_sub(1), STRIDE.0);
    while found.len() < want {
        let rows = query(session, sql, &[&sku.as_str(), &before, &stride]).await?;
        for row in &rows {
            let sequences = list(row, 1)?.into_iter().rev().map(|posting| codec::integer(posting.sequence));
            for sequence in sequences {
                found.extend(Some(sequence?).filter(|sequence| *sequence < below));
            }
        }
        let Some(last) = rows.last() else { break };
        before = get(last, 0)?;
        stride = (stride * 4).min(STRIDE.1);
    }
    found.truncate(want);
    Ok(found)
}

/// The `order.created` events between two events, of orders with a line of an item; in no order.
async fn placed_after(session: &Session, sku: &Sku, after: i64, below: i64) -> Result<Vec<(i64, OrderId)>> {
    let sql = "SELECT order_id, sequence FROM events WHERE stream = $1 AND sequence > $2 AND sequence < $3 AND type = 0";
    let created = query(session, sql, &[&STREAM, &after, &below]).await?;
    let mut sequences = HashMap::with_capacity(created.len());
    for row in &created {
        sequences.insert(get::<Uuid>(row, 0)?, get::<i64>(row, 1)?);
    }
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    let orders: Vec<&Uuid> = sequences.keys().collect();
    let sql = "SELECT DISTINCT order_id FROM order_lines WHERE sku = $1 AND order_id = ANY($2)";
    let found = query(session, sql, &[&sku.as_str(), &orders]).await?;
    let of = |row: &Row| {
        let order: Uuid = get(row, 0)?;
        Ok((sequences.get(&order).copied().unwrap_or_default(), OrderId(order.as_u128())))
    };
    found.iter().map(of).collect()
}

/// The numbers of the other events in between that moved an item's counters, in no order.
async fn others_after(session: &Session, sku: &Sku, after: i64, below: i64) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events WHERE stream = $1 AND sequence > $2 AND sequence < $3 AND type = ANY($4)"
    );
    let found = query(session, &sql, &[&STREAM, &after, &below, &&MOVING_BUT_CREATED[..]]).await?;
    let mut sequences = Vec::new();
    for row in &found {
        let event = codec::event(row)?;
        if deltas(&event, None).iter().any(|delta| delta.sku == *sku) {
            sequences.push(get(row, 0)?);
        }
    }
    Ok(sequences)
}

/// The orders that have a line of an item.
pub(crate) struct OrdersOfItem<'a> {
    sku: &'a Sku,
    /// Those that no segment has yet, in no order.
    newest: Vec<OrderId>,
}

impl<'a> OrdersOfItem<'a> {
    /// Reads those that no segment has yet.
    pub(crate) async fn open(session: &Session, sku: &'a Sku) -> Result<Self> {
        let reached = newest(session).await?.map_or(0, |segment| segment.last);
        let newest = placed_after(session, sku, reached, i64::MAX).await?;
        Ok(Self { sku, newest: newest.into_iter().map(|(_, id)| id).collect() })
    }

    /// The highest ids up to `upto`, at most `want`, highest first. If there are fewer than `want`,
    /// there are no more.
    pub(crate) async fn highest(&self, session: &Session, upto: OrderId, want: usize) -> Result<Vec<Uuid>> {
        let sql = "SELECT postings FROM segment_postings WHERE sku = $1 AND after_sequence BETWEEN $2 AND $3";
        let mut found: Vec<OrderId> = self.newest.iter().copied().filter(|id| *id <= upto).collect();
        let (mut before, mut stride) = (i64::MAX, STRIDE.0);
        loop {
            found.sort_unstable_by(|left, right| right.cmp(left));
            found.truncate(want);
            let segments = segments(session, before, stride).await?;
            let (Some(newest), Some(oldest)) = (segments.first(), segments.last()) else { break };
            if found.len() >= want && found.last().is_some_and(|last| *last > newest.highest) {
                break;
            }
            if segments.iter().any(|segment| segment.min <= upto) {
                let range: &[&(dyn ToSql + Sync)] = &[&self.sku.as_str(), &oldest.after, &newest.after];
                for row in &query(session, sql, range).await? {
                    let placed = list(row, 0)?.into_iter().filter_map(|posting| posting.placed);
                    found.extend(placed.filter(|id| *id <= upto));
                }
            }
            before = oldest.after;
            stride = (stride * 4).min(STRIDE.1);
        }
        Ok(found.into_iter().map(|id| Uuid::from_u128(id.0)).collect())
    }
}

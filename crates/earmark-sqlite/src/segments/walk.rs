//! How does a reader go through the segments and the events after them? In one snapshot.

use earmark_core::ids::OrderId;
use earmark_core::text::Sku;
use earmark_store::postings::{self, Posting};
use rusqlite::Connection;

use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::rows;

/// A segment all of whose rows are written.
#[derive(Clone, Copy, Debug)]
struct Segment {
    number: i64,
    /// The sequence of the last event before it.
    after: u64,
    min_order_id: OrderId,
    max_order_id: OrderId,
}

/// The number of the last segment, and of the last event in it; zeros before the first.
pub(crate) fn last(connection: &Connection) -> Result<(i64, u64)> {
    let sql = "SELECT segment, last_sequence FROM segments ORDER BY segment DESC LIMIT 1";
    let found = rows::query_one(connection, sql, [], |row| Ok((row.get(0)?, codec::count(row, 1)?)))?;
    Ok(found.unwrap_or_default())
}

/// All segments, the newest first.
fn segments(connection: &Connection) -> Result<Vec<Segment>> {
    let mut statement = connection.prepare_cached(
        "SELECT segment, last_sequence, min_order_id, max_order_id FROM segments ORDER BY segment",
    )?;
    let (mut rows, mut segments, mut after) = (statement.query([])?, Vec::new(), 0);
    while let Some(row) = rows.next()? {
        segments.push(Segment {
            number: row.get(0)?,
            after,
            min_order_id: OrderId::from_bytes(row.get(2)?),
            max_order_id: OrderId::from_bytes(row.get(3)?),
        });
        after = codec::count(row, 1)?;
    }
    segments.reverse();
    Ok(segments)
}

fn postings(connection: &Connection, segment: i64, sku: &Sku) -> Result<Vec<Posting>> {
    let sql = "SELECT postings FROM segment_postings WHERE segment = ?1 AND sku = ?2";
    let damaged = |why: &dyn std::fmt::Display| DatabaseError::damaged("a list of events", why);
    let found = rows::query_one(connection, sql, (segment, sku.as_str()), |row| {
        let bytes = row.get_ref(0)?.as_blob().map_err(|error| damaged(&error))?;
        postings::read(bytes).ok_or_else(|| damaged(&"it ends in the middle"))
    })?;
    Ok(found.unwrap_or_default())
}

/// Hands the events before `below` that may have moved an item's counters to `take`, newest first,
/// until it gives `false`.
pub(crate) fn events(
    connection: &Connection,
    sku: &Sku,
    below: u64,
    take: &mut dyn FnMut(u64) -> Result<bool>,
) -> Result<()> {
    let (_, reached) = last(connection)?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT sequence FROM events e WHERE sequence > ?1 AND sequence < ?2 AND type IN (0, {}) \
         AND (sku = ?3 OR EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = e.order_id AND l.sku = ?3)) \
         ORDER BY sequence DESC",
        rows::events::moving_types()
    ))?;
    let below_stored = i64::try_from(below).unwrap_or(i64::MAX);
    let mut rows = statement.query((codec::integer(reached)?, below_stored, sku.as_str()))?;
    while let Some(row) = rows.next()? {
        if !take(codec::count(row, 0)?)? {
            return Ok(());
        }
    }
    for segment in segments(connection)?.into_iter().filter(|segment| segment.after + 1 < below) {
        let found = postings(connection, segment.number, sku)?;
        for posting in found.into_iter().rev().filter(|posting| posting.sequence < below) {
            if !take(posting.sequence)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The orders with a line of an item that no segment has yet, in no order.
pub(crate) fn newest_orders(connection: &Connection, sku: &Sku) -> Result<Vec<OrderId>> {
    let (_, reached) = last(connection)?;
    let sql = "SELECT order_id FROM events e WHERE sequence > ?1 AND type = 0 \
               AND EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = e.order_id AND l.sku = ?2)";
    let parameters = (codec::integer(reached)?, sku.as_str());
    rows::query(connection, sql, parameters, |row| Ok(OrderId::from_bytes(row.get(0)?)))
}

/// The highest ids up to `upto`, at most `want`, of the orders in the segments that have a line of
/// an item; highest first.
///
/// Ids are made before their orders are committed, so the ids of two segments may overlap a little.
/// Each segment keeps its lowest and highest id.
pub(crate) fn orders(connection: &Connection, sku: &Sku, upto: OrderId, want: usize) -> Result<Vec<OrderId>> {
    let segments = segments(connection)?;
    // The highest id in each segment or any older one.
    let mut highest: Vec<OrderId> = segments
        .iter()
        .rev()
        .scan(OrderId(0), |highest, segment| {
            *highest = (*highest).max(segment.max_order_id);
            Some(*highest)
        })
        .collect();
    highest.reverse();
    let mut found: Vec<OrderId> = Vec::new();
    for (segment, highest) in segments.iter().zip(highest) {
        if found.len() >= want && found.last().is_some_and(|last| *last > highest) {
            break;
        }
        if segment.min_order_id <= upto {
            let placed =
                postings(connection, segment.number, sku)?.into_iter().filter_map(|posting| posting.placed);
            found.extend(placed.filter(|id| *id <= upto));
            found.sort_unstable_by(|left, right| right.cmp(left));
            found.truncate(want);
        }
    }
    Ok(found)
}

//! Which items did a range of events touch?
//!
//! Events, and the items of an order, never change. So they are read before the transaction, which
//! is short.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use earmark_core::ids::OrderId;
use earmark_core::movements::{MOVING_BUT_CREATED, deltas};
use earmark_core::text::Sku;
use earmark_store::postings::{Grouped, Posting, group};
use uuid::Uuid;

use super::walk::{self, Segment};
use crate::codec::{self, EVENT_COLUMNS, get};
use crate::error::Result;
use crate::rows::events::STREAM;
use crate::rows::{self, query};
use crate::session::Session;

/// How many orders have their lines read at once.
const ORDERS: usize = 2_000;

const INSERT: &str = "INSERT INTO segments (stream, after_sequence, last_sequence, min_order_id, max_order_id, highest_order_id) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (stream, after_sequence) DO NOTHING";
const INSERT_LISTS: &str = "INSERT INTO segment_postings (sku, after_sequence, postings) \
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])";

/// The events after one sequence, up to and including another.
#[derive(Clone, Copy)]
struct SequenceRange {
    after: i64,
    last: i64,
}

/// Groups the next range if it has at least so many events, and at most so many of it. Gives
/// whether it had.
pub(super) async fn next(session: &Session, events: &RangeInclusive<u64>) -> Result<bool> {
    let newest = walk::newest(session).await?;
    let after = newest.map_or(0, |segment| segment.last);
    let last = codec::integer(rows::events::last_sequence(session).await?)?;
    let length = u64::try_from(last - after).unwrap_or(0);
    if length < *events.start() {
        return Ok(false);
    }
    let last = if length > *events.end() { after + codec::integer(*events.end())? } else { last };
    let range = SequenceRange { after, last };
    let mut touched = placed(session, range).await?;
    touched.extend(others(session, range).await?);
    write(session, range, newest, group(touched)).await?;
    Ok(true)
}

async fn placed(session: &Session, range: SequenceRange) -> Result<Vec<(Sku, Posting)>> {
    let sql = "SELECT order_id, sequence FROM events WHERE stream = $1 AND sequence > $2 AND sequence <= $3 AND type = 0";
    let mut created: HashMap<Uuid, u64> = HashMap::new();
    for row in &query(session, sql, &[&STREAM, &range.after, &range.last]).await? {
        created.insert(get(row, 0)?, codec::count(row, 1)?);
    }
    let mut touched = Vec::new();
    let orders: Vec<&Uuid> = created.keys().collect();
    for orders in orders.chunks(ORDERS) {
        let sql = "SELECT order_id, sku FROM order_lines WHERE order_id = ANY($1)";
        for row in &query(session, sql, &[&orders]).await? {
            let order: Uuid = get(row, 0)?;
            let Some(sequence) = created.get(&order).copied() else { continue };
            let placed = Some(OrderId(order.as_u128()));
            touched.push((codec::text(row, 1, Sku::parse)?, Posting { sequence, placed }));
        }
    }
    Ok(touched)
}

async fn others(session: &Session, range: SequenceRange) -> Result<Vec<(Sku, Posting)>> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events WHERE stream = $1 AND sequence > $2 AND sequence <= $3 AND type = ANY($4)"
    );
    let found = query(session, &sql, &[&STREAM, &range.after, &range.last, &&MOVING_BUT_CREATED[..]]).await?;
    let mut touched = Vec::new();
    for row in &found {
        let event = codec::event(row)?;
        let posting = Posting { sequence: event.sequence, placed: None };
        touched.extend(deltas(&event, None).into_iter().map(|delta| (delta.sku, posting)));
    }
    Ok(touched)
}

/// Writes a segment, unless another node has written it by now. Of two nodes that insert the same
/// row the second waits for the first, and then writes nothing.
async fn write(
    session: &Session,
    range: SequenceRange,
    newest: Option<Segment>,
    grouped: Grouped,
) -> Result<()> {
    let id = |id: OrderId| Uuid::from_u128(id.0);
    let highest = newest.map_or(grouped.max_order_id, |before| before.highest.max(grouped.max_order_id));
    let (min, max, highest) = (id(grouped.min_order_id), id(grouped.max_order_id), id(highest));
    let lists = &grouped.lists;
    let skus: Vec<&str> = lists.iter().map(|(sku, _)| sku.as_str()).collect();
    let after = vec![range.after; lists.len()];
    let postings: Vec<&[u8]> = lists.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let insert = session.prepare_cached(INSERT).await?;
    let insert_lists = session.prepare_cached(INSERT_LISTS).await?;
    session.batch_execute("BEGIN").await?;
    let written = async {
        let begun =
            session.execute(&insert, &[&STREAM, &range.after, &range.last, &min, &max, &highest]).await?;
        if begun == 1 {
            session.execute(&insert_lists, &[&skus, &after, &postings]).await?;
        }
        session.batch_execute("COMMIT").await
    };
    // On an error the connection is dropped, and the transaction with it.
    Ok(written.await?)
}

//! Why are so many units on hand? Lists the movements of an item: the events that touched it, from
//! the newest back, with the counters after each.

use earmark_core::movements::{Movement, movement};
use earmark_core::text::Sku;
use earmark_store::{MovementCursor, Page};

use crate::error::{DatabaseError, Result};
use crate::rows;
use crate::segments::walk;
use crate::snapshot::Snapshot;

/// A page of the movements of an item, newest first.
pub(super) fn list(
    snapshot: &Snapshot<'_>,
    sku: &Sku,
    before: Option<MovementCursor>,
    limit: usize,
) -> Result<Page<Movement>> {
    let (below, mut on_hand, mut reserved) = match before {
        Some(cursor) => (cursor.sequence, cursor.on_hand, cursor.reserved),
        None => match rows::items::find(snapshot.connection, sku)? {
            Some(item) => (u64::MAX, item.stock.on_hand, item.stock.reserved),
            None => return Ok(Page::of(Vec::new(), limit)),
        },
    };
    let mut movements = Vec::new();
    walk::events(snapshot.connection, sku, below, &mut |sequence| {
        let event =
            i64::try_from(sequence).ok().map(|sequence| rows::events::find(snapshot.connection, sequence));
        let event = event.transpose()?.flatten();
        let event =
            event.ok_or_else(|| DatabaseError::damaged("an event is named but not there", sequence))?;
        let deltas = rows::events::deltas(snapshot.connection, &event)?;
        for delta in deltas.into_iter().rev().filter(|delta| delta.sku == *sku) {
            movements.push(movement(&event, &delta, on_hand, reserved));
            on_hand = back(on_hand, delta.on_hand, sequence)?;
            reserved = back(reserved, delta.reserved, sequence)?;
        }
        Ok(movements.len() <= limit)
    })?;
    Ok(Page::of(movements, limit))
}

/// What a counter was before it moved by `delta`.
fn back(counter: u32, delta: i64, sequence: u64) -> Result<u32> {
    let before = i64::from(counter).checked_sub(delta).and_then(|before| u32::try_from(before).ok());
    before.ok_or_else(|| {
        DatabaseError::damaged("the counters do not follow from the events, at event", sequence)
    })
}

//! Why are so many units on hand? Lists the movements of an item: the events that touched it, from
//! the newest back, with the counters after each.

use earmark_core::text::Sku;
use earmark_core::{Movement, StockedItem};
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
    let mut from = match before {
        Some(cursor) => cursor,
        None => match rows::items::find(snapshot.connection, sku)? {
            Some(StockedItem { stock, .. }) => MovementCursor::newest(&stock),
            None => return Ok(Page::of(Vec::new(), limit)),
        },
    };
    let mut movements = Vec::new();
    walk::events(snapshot.connection, sku, from.sequence, &mut |sequence| {
        let event =
            i64::try_from(sequence).ok().map(|sequence| rows::events::find(snapshot.connection, sequence));
        let event = event.transpose()?.flatten();
        let event =
            event.ok_or_else(|| DatabaseError::damaged("an event is named but not there", sequence))?;
        let deltas = rows::events::deltas(snapshot.connection, &event)?;
        for delta in deltas.into_iter().rev().filter(|delta| delta.sku == *sku) {
            movements.push(from.step_back(&event, &delta)?);
        }
        Ok(movements.len() <= limit)
    })?;
    Ok(Page::of(movements, limit))
}

//! Why are so many units on hand? Lists the movements of an item: the events that touched it, from
//! the newest back, with the counters after each.

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::movements::{Movement, movement};
use earmark_core::text::Sku;
use earmark_store::{MovementCursor, Page};

use crate::error::{DatabaseError, Result};
use crate::rows;
use crate::rows::events::{deltas, needs_order};
use crate::segments::walk;
use crate::session::Session;

/// A page of the movements of an item, newest first.
pub(super) async fn list(
    session: &Session,
    sku: &Sku,
    before: Option<MovementCursor>,
    limit: usize,
) -> Result<Page<Movement>> {
    let (below, mut on_hand, mut reserved) = match before {
        Some(cursor) => (cursor.sequence, cursor.on_hand, cursor.reserved),
        None => match rows::items::find_one(session, sku).await? {
            Some(item) => (u64::MAX, item.stock.on_hand, item.stock.reserved),
            None => return Ok(Page::of(Vec::new(), limit)),
        },
    };
    let below = i64::try_from(below).unwrap_or(i64::MAX);
    // Each of these events moved the item at least once, so they are enough for the page.
    let sequences = walk::events(session, sku, below, limit.saturating_add(1)).await?;
    let mut events = rows::events::find(session, &sequences).await?;
    events.sort_by_key(|event| std::cmp::Reverse(event.sequence));
    if events.len() != sequences.len() {
        return Err(DatabaseError::damaged("an event is named but not there, for item", sku));
    }
    let ids =
        events.iter().filter_map(|event| needs_order(event).transpose()).collect::<Result<Vec<_>, _>>()?;
    let orders: HashMap<OrderId, _> = rows::orders::find(session, &ids).await?;
    let mut movements = Vec::new();
    for event in &events {
        let order = event.order_id.and_then(|id| orders.get(&id));
        for delta in deltas(event, order)?.into_iter().rev().filter(|delta| delta.sku == *sku) {
            movements.push(movement(event, &delta, on_hand, reserved));
            on_hand = back(on_hand, delta.on_hand, event.sequence)?;
            reserved = back(reserved, delta.reserved, event.sequence)?;
        }
    }
    Ok(Page::of(movements, limit))
}

/// What a counter was before it moved by `delta`.
fn back(counter: u32, delta: i64, sequence: u64) -> Result<u32> {
    let before = i64::from(counter).checked_sub(delta).and_then(|before| u32::try_from(before).ok());
    before.ok_or_else(|| {
        DatabaseError::damaged("the counters do not follow from the events, at event", sequence)
    })
}

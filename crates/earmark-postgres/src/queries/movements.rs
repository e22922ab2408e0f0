//! Why are so many units on hand? Lists the movements of an item: the events that touched it, from
//! the newest back, with the counters after each.

use earmark_core::text::Sku;
use earmark_core::{Movement, StockedItem};
use earmark_store::{MovementCursor, Page};

use crate::error::{DatabaseError, Result};
use crate::rows;
use crate::rows::events::{deltas, orders_of};
use crate::segments::walk;
use crate::session::Session;

/// A page of the movements of an item, newest first.
pub(super) async fn list(
    session: &Session,
    sku: &Sku,
    before: Option<MovementCursor>,
    limit: usize,
) -> Result<Page<Movement>> {
    let mut from = match before {
        Some(cursor) => cursor,
        None => match rows::items::find_one(session, sku).await? {
            Some(StockedItem { stock, .. }) => MovementCursor::newest(&stock),
            None => return Ok(Page::of(Vec::new(), limit)),
        },
    };
    let below = i64::try_from(from.sequence).unwrap_or(i64::MAX);
    // Each of these events moved the item at least once, so they are enough for the page.
    let sequences = walk::events(session, sku, below, limit.saturating_add(1)).await?;
    let mut events = rows::events::find(session, &sequences).await?;
    events.sort_by_key(|event| std::cmp::Reverse(event.sequence));
    if events.len() != sequences.len() {
        return Err(DatabaseError::damaged("an event is named but not there, for item", sku));
    }
    let orders = orders_of(session, &events).await?;
    let mut movements = Vec::new();
    for event in &events {
        let order = event.order_id.and_then(|id| orders.get(&id));
        for delta in deltas(event, order)?.into_iter().rev().filter(|delta| delta.sku == *sku) {
            movements.push(from.step_back(event, &delta)?);
        }
    }
    Ok(Page::of(movements, limit))
}

//! Do the lists by item give what a scan of all events gives? An engine groups events by item in
//! the background, so its lists come from both the grouped events and those that are not grouped
//! yet.

use earmark_core::ids::OrderId;
use earmark_core::movements::{Movement, deltas, movement};
use earmark_core::text::Sku;
use earmark_store::{OrderFilter, Queries, RecordedEvent};

use super::movements::read_all;

/// The most events that are compared.
const EVENTS_MAX: usize = 100_000;

/// Whether movements and orders of an item, read in short pages, are what a scan of all events
/// gives.
///
/// Nothing may be written while this reads.
///
/// # Panics
/// If something cannot be read, or if there are more than 100,000 events.
pub async fn item_lists_agree_with_events(queries: &dyn Queries, sku: &Sku) -> bool {
    let history = queries.list_events(0, None, EVENTS_MAX).await.expect("events are read");
    assert!(!history.more, "more than {EVENTS_MAX} events");
    let placed = history.rows.iter().filter_map(|recorded| recorded.placed.as_deref());
    let mut orders: Vec<OrderId> =
        placed.filter(|order| order.line(sku).is_some()).map(|order| order.id).collect();
    orders.sort_unstable_by(|left, right| right.cmp(left));
    let movements = read_all(queries, sku, 7).await.expect("movements are read");
    movements == replay(&history.rows, sku) && list_orders(queries, sku).await == orders
}

/// The movements of an item, the newest first, from a scan of all events.
fn replay(history: &[RecordedEvent], sku: &Sku) -> Vec<Movement> {
    let (mut movements, mut on_hand, mut reserved) = (Vec::new(), 0_i64, 0_i64);
    let counter = |value: i64| u32::try_from(value).expect("a counter");
    for RecordedEvent { event, placed } in history {
        for delta in deltas(event, placed.as_deref()).iter().filter(|delta| delta.sku == *sku) {
            (on_hand, reserved) = (on_hand + delta.on_hand, reserved + delta.reserved);
            movements.push(movement(event, delta, counter(on_hand), counter(reserved)));
        }
    }
    movements.reverse();
    movements
}

async fn list_orders(queries: &dyn Queries, sku: &Sku) -> Vec<OrderId> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let filter = OrderFilter { sku: Some(sku.clone()), before, ..OrderFilter::default() };
        let page = queries.list_orders(&filter, 4).await.expect("orders are read");
        found.extend(page.rows.iter().map(|order| order.id));
        before = found.last().copied();
        if !page.more {
            return found;
        }
    }
}

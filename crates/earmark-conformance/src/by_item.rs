//! Do the lists by item, which an engine groups behind the path of an order, say what a scan of all events says?

use earmark_core::ids::OrderId;
use earmark_core::movements::{Movement, deltas, movement};
use earmark_core::text::Sku;

use earmark_store::{MovementCursor, OrderFilter, Queries, RecordedEvent};

/// The most events that are compared.
const EVENTS_MAX: usize = 100_000;

/// Whether movements and orders of an item, read in short pages, are what all events from the first one give. Nothing may be written meanwhile.
///
/// # Panics
/// If something cannot be read, or there are more than 100,000 events.
pub async fn agree_with_a_scan(queries: &dyn Queries, sku: &Sku) -> bool {
    let history = queries.list_events(0, None, EVENTS_MAX).await.expect("events are read");
    assert!(!history.more, "more than {EVENTS_MAX} events");
    let placed = history.rows.iter().filter_map(|recorded| recorded.placed.as_deref());
    let mut orders: Vec<OrderId> =
        placed.filter(|order| order.line(sku).is_some()).map(|order| order.id).collect();
    orders.sort_unstable_by(|left, right| right.cmp(left));
    listed_movements(queries, sku).await == replay(&history.rows, sku)
        && listed_orders(queries, sku).await == orders
}

/// The movements of an item, newest first, from a scan.
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

async fn listed_movements(queries: &dyn Queries, sku: &Sku) -> Vec<Movement> {
    let (mut seen, mut before): (Vec<Movement>, _) = (Vec::new(), None);
    loop {
        let page = queries.list_movements(sku, before, 7).await.expect("movements are read");
        seen.extend(page.rows);
        let Some(last) = seen.last().filter(|_| page.more) else { return seen };
        let back = |counter: u32, delta: i64| u32::try_from(i64::from(counter) - delta).expect("a counter");
        before = Some(MovementCursor {
            sequence: last.sequence,
            on_hand: back(last.on_hand, last.delta_on_hand),
            reserved: back(last.reserved, last.delta_reserved),
        });
    }
}

async fn listed_orders(queries: &dyn Queries, sku: &Sku) -> Vec<OrderId> {
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let filter = OrderFilter { sku: Some(sku.clone()), before, ..OrderFilter::default() };
        let page = queries.list_orders(&filter, 4).await.expect("orders are read");
        seen.extend(page.rows.iter().map(|order| order.id));
        before = page.rows.last().map(|order| order.id);
        if !page.more {
            return seen;
        }
    }
}

//! Do the movements of an item add up to its counters, and does each say what its event says?

use earmark_core::event::Fact;
use earmark_core::movements::{Movement, MovementKind};
use earmark_core::text::Sku;
use earmark_store::{MovementCursor, Pace, Queries, StoreError};

use super::pages::{LIMITS, assert_same};
use crate::harness::Harness;

/// Reads all movements of an item in pages of this size, the newest first.
pub(crate) async fn read_all(
    queries: &dyn Queries,
    sku: &Sku,
    limit: usize,
) -> Result<Vec<Movement>, StoreError> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = queries.list_movements(sku, cursor, limit).await?;
        assert!(page.rows.len() <= limit && (!page.more || page.rows.len() == limit), "a page of {limit}");
        cursor = page.rows.last().map(cursor_before);
        found.extend(page.rows);
        if !page.more {
            return Ok(found);
        }
    }
}

/// The cursor of the page after this movement, with the counters as they were before it.
fn cursor_before(movement: &Movement) -> MovementCursor {
    let before = |after: u32, delta: i64| u32::try_from(i64::from(after) - delta).expect("a counter");
    MovementCursor {
        sequence: movement.sequence,
        on_hand: before(movement.on_hand, movement.delta_on_hand),
        reserved: before(movement.reserved, movement.delta_reserved),
    }
}

/// The numbers of the events that touched an item, from the rows of the model alone, the newest
/// first.
fn touching(harness: &Harness, sku: &Sku) -> Vec<u64> {
    let touched = harness.model.events.iter().filter(|event| match &event.fact {
        Fact::OrderCreated => {
            let order = event.order_id.and_then(|id| harness.model.orders.get(&id)).expect("it is there");
            order.lines.iter().any(|line| line.sku == *sku)
        }
        Fact::OrderCancelled { lines, .. } | Fact::OrderPartiallyCancelled { lines, .. } => {
            lines.iter().any(|units| units.sku == *sku)
        }
        Fact::ShipmentCreated { lines, .. } => lines.iter().any(|units| units.sku == *sku),
        Fact::StockAdjusted { .. } => event.sku.as_ref() == Some(sku),
        _ => false,
    });
    touched.map(|event| event.sequence).rev().collect()
}

pub(crate) fn replay_to_the_counters(harness: &mut Harness) {
    harness.simulate(31, 2_500);
    check_all(harness);
    // An engine may group events by item in the background; the lists must stay the same.
    for _ in 0..5 {
        harness.engine.maintain(Pace::Idle).expect("maintenance works");
    }
    check_all(harness);
}

fn check_all(harness: &Harness) {
    for (sku, stock) in &harness.model.stocks {
        let all = harness.read(|queries| read_all(queries, sku, 10_000));
        let sequences: Vec<u64> = all.iter().map(|movement| movement.sequence).collect();
        assert_eq!(sequences, touching(harness, sku), "the movements of {sku}");
        let (mut on_hand, mut reserved) = (0, 0);
        for movement in all.iter().rev() {
            on_hand += movement.delta_on_hand;
            reserved += movement.delta_reserved;
            let after = (i64::from(movement.on_hand), i64::from(movement.reserved));
            assert_eq!(after, (on_hand, reserved), "the counters of {sku} after event {}", movement.sequence);
            check_details(harness, movement);
        }
        let counters = (stock.on_hand.into(), stock.reserved.into());
        assert_eq!((on_hand, reserved), counters, "the counters of {sku}");
        for limit in &LIMITS[..3] {
            let found = harness.read(|queries| read_all(queries, sku, *limit));
            assert_same(&format!("movements of {sku}, limit {limit}"), &found, &all);
        }
    }
}

/// Actor, time, kind and reason must be those of the event.
fn check_details(harness: &Harness, movement: &Movement) {
    let place = usize::try_from(movement.sequence - 1).expect("a place");
    let event = &harness.model.events[place];
    assert_eq!((movement.event_id, movement.at), (event.id(), event.at));
    assert_eq!((&movement.actor, movement.order_id), (&event.actor, event.order_id));
    let wanted = match &event.fact {
        Fact::OrderCreated => MovementKind::Reserved,
        Fact::ShipmentCreated { .. } => MovementKind::Shipped,
        Fact::StockAdjusted { note, .. } => {
            assert_eq!(movement.note, *note);
            MovementKind::Adjusted
        }
        _ => MovementKind::Released,
    };
    assert_eq!(movement.kind, wanted);
    let has_reason = matches!(wanted, MovementKind::Released | MovementKind::Adjusted);
    assert_eq!(movement.reason.is_some(), has_reason, "a reason where one was given");
}

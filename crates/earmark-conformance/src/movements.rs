//! Do the movements of an item tell why its counters are what they are?

use earmark_core::event::Fact;
use earmark_core::movements::{Movement, MovementKind};
use earmark_core::text::Sku;

use super::book::Book;
use super::lists::{LIMITS, same};
use earmark_store::{MovementCursor, Pace};

/// Reads all movements of an item, page by page, newest first.
pub(super) fn read_all(book: &Book, sku: &Sku, limit: usize) -> Vec<Movement> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = book.ask(|queries| queries.list_movements(sku, cursor, limit));
        assert!(page.rows.len() <= limit && (!page.more || page.rows.len() == limit), "a page of {limit}");
        if let Some(last) = page.rows.last() {
            let before = |after: u32, delta: i64| u32::try_from(i64::from(after) - delta).expect("a counter");
            let on_hand = before(last.on_hand, last.delta_on_hand);
            let reserved = before(last.reserved, last.delta_reserved);
            cursor = Some(MovementCursor { sequence: last.sequence, on_hand, reserved });
        }
        found.extend(page.rows);
        if !page.more {
            return found;
        }
    }
}

/// The numbers of the events that touched an item, told by its rows alone.
fn touching(book: &Book, sku: &Sku) -> Vec<u64> {
    let touched = book.model.events.iter().filter(|event| match &event.fact {
        Fact::OrderCreated => {
            let order = event.order_id.and_then(|id| book.model.orders.get(&id)).expect("it is there");
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

pub(super) fn replay(book: &mut Book) {
    book.simulate(31, 2_500);
    check_all(book);
    // Whatever was built behind the path of the orders must say the same.
    for _ in 0..5 {
        book.engine.maintain(Pace::Idle).expect("housekeeping works");
    }
    check_all(book);
}

fn check_all(book: &Book) {
    for (sku, stock) in &book.model.stocks {
        let all = read_all(book, sku, 10_000);
        let sequences: Vec<u64> = all.iter().map(|movement| movement.sequence).collect();
        assert_eq!(sequences, touching(book, sku), "the movements of {sku}");
        let (mut on_hand, mut reserved) = (0, 0);
        for movement in all.iter().rev() {
            on_hand += movement.delta_on_hand;
            reserved += movement.delta_reserved;
            let after = (i64::from(movement.on_hand), i64::from(movement.reserved));
            assert_eq!(after, (on_hand, reserved), "the counters of {sku} after event {}", movement.sequence);
            check_words(book, movement);
        }
        assert_eq!(
            (on_hand, reserved),
            (stock.on_hand.into(), stock.reserved.into()),
            "the counters of {sku}"
        );
        for limit in &LIMITS[..3] {
            same(&format!("movements of {sku}, limit {limit}"), &read_all(book, sku, *limit), &all);
        }
    }
}

/// Who, when and why, as the event says.
fn check_words(book: &Book, movement: &Movement) {
    let place = usize::try_from(movement.sequence - 1).expect("a place");
    let event = &book.model.events[place];
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
    let given = matches!(wanted, MovementKind::Released | MovementKind::Adjusted);
    assert_eq!(movement.reason.is_some(), given, "a reason where one was given");
}

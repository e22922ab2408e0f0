//! Why does a counter have its value?
//!
//! A movement is one change of the counters of one item. Movements are not stored: each follows
//! from an event, and all of them together give the two counters. An engine finds the events of an
//! item in its own way and computes here what they did.

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, OrderId};
use crate::items::AdjustmentReason;
use crate::orders::{Order, OrderLine};
use crate::text::{Note, Sku};
use crate::units::{CancelReason, CancelledUnits, Units};
use crate::{Actor, Event, Fact, Timestamp};

/// The kind of a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Units were reserved for an order.
    Reserved,
    /// Units of an order were cancelled.
    Released,
    Shipped,
    /// The count was corrected.
    Adjusted,
}

/// The reason that was given for a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MovementReason {
    Adjustment(AdjustmentReason),
    Cancellation(CancelReason),
}

/// A change of the counters of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The event that it follows from.
    pub event_id: EventId,
    /// The number of that event.
    pub sequence: u64,
    pub at: Timestamp,
    pub kind: MovementKind,
    /// Units added to `on_hand`; negative for units taken away.
    pub delta_on_hand: i64,
    /// Units added to `reserved`; negative for units taken away.
    pub delta_reserved: i64,
    /// Units on hand after the movement.
    pub on_hand: u32,
    /// Units reserved after the movement.
    pub reserved: u32,
    /// `None` for an adjustment.
    pub order_id: Option<OrderId>,
    /// `None` where units were reserved or shipped.
    pub reason: Option<MovementReason>,
    pub note: Option<Note>,
    pub actor: Actor,
}

/// What one event did to the counters of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    pub sku: Sku,
    pub kind: MovementKind,
    /// Units added to `on_hand`.
    pub on_hand: i64,
    /// Units added to `reserved`.
    pub reserved: i64,
    pub reason: Option<MovementReason>,
}

impl Delta {
    /// A delta for which no reason was given.
    fn new(sku: &Sku, kind: MovementKind, on_hand: i64, reserved: i64) -> Self {
        Self { sku: sku.clone(), kind, on_hand, reserved, reason: None }
    }
}

/// The places in [`Fact::TYPES`] of the events that name the units that they move. `order.created`
/// moves units too, but those are the lines of its order.
pub const MOVING_BUT_CREATED: [i16; 4] = [5, 6, 14, 16];

/// What an event did to the counters. `order` is the order of an `order.created`, in any later
/// state; for other events it may be `None`.
///
/// # Panics
/// If an `order.created` comes without its order.
pub fn deltas(event: &Event, order: Option<&Order>) -> Vec<Delta> {
    match &event.fact {
        Fact::OrderCreated => {
            let order = order.expect("an order.created comes with its order");
            let reserve =
                |line: &OrderLine| Delta::new(&line.sku, MovementKind::Reserved, 0, line.quantity.into());
            order.lines.iter().map(reserve).collect()
        }
        Fact::OrderCancelled { lines, reason, .. } | Fact::OrderPartiallyCancelled { lines, reason, .. } => {
            let reason = Some(MovementReason::Cancellation(*reason));
            let release = |units: &CancelledUnits| {
                let released = -i64::from(units.quantity);
                Delta { reason, ..Delta::new(&units.sku, MovementKind::Released, 0, released) }
            };
            lines.iter().map(release).collect()
        }
        Fact::ShipmentCreated { lines, .. } => {
            let ship = |units: &Units| {
                let shipped = -i64::from(units.quantity);
                Delta::new(&units.sku, MovementKind::Shipped, shipped, shipped)
            };
            lines.iter().map(ship).collect()
        }
        Fact::StockAdjusted { delta, reason, .. } => vec![Delta {
            sku: event.sku.clone().expect("an adjustment is about an item"),
            kind: MovementKind::Adjusted,
            on_hand: *delta,
            reserved: 0,
            reason: Some(MovementReason::Adjustment(*reason)),
        }],
        _ => Vec::new(),
    }
}

/// The movement of a delta, given the counters right after it.
pub fn movement(event: &Event, delta: &Delta, on_hand: u32, reserved: u32) -> Movement {
    let note = if let Fact::StockAdjusted { note, .. } = &event.fact { note.clone() } else { None };
    Movement {
        event_id: event.id(),
        sequence: event.sequence,
        at: event.at,
        kind: delta.kind,
        delta_on_hand: delta.on_hand,
        delta_reserved: delta.reserved,
        on_hand,
        reserved,
        order_id: event.order_id,
        reason: delta.reason,
        note,
        actor: event.actor.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_move_counters_are_these() {
        let names = MOVING_BUT_CREATED.map(|place| Fact::TYPES[usize::try_from(place).unwrap()]);
        let moving = ["order.cancelled", "order.partially_cancelled", "shipment.created", "stock.adjusted"];
        assert_eq!(names, moving);
    }
}

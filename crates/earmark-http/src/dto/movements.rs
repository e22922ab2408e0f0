//! How does a change of an item's counters look to clients?

use earmark_core::ids::{EventId, OrderId};
use earmark_core::movements::{Movement, MovementKind, MovementReason};
use earmark_core::text::Note;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use crate::time::Time;

/// A change of an item's counters. Replaying an item's movements gives its counters.
#[derive(Serialize, ToSchema)]
#[schema(as = Movement)]
pub(crate) struct MovementBody<'a> {
    /// The id of the event that it is a part of.
    #[schema(value_type = schemas::EventIdText)]
    id: EventId,
    #[schema(value_type = schemas::TimeText)]
    at: Time,
    #[schema(value_type = schemas::MovementKindWord)]
    kind: MovementKind,
    #[schema(value_type = schemas::Delta)]
    delta_on_hand: i64,
    #[schema(value_type = schemas::Delta)]
    delta_reserved: i64,
    /// Units on hand afterwards.
    #[schema(value_type = schemas::Count)]
    on_hand: u32,
    #[doc = "Units reserved afterwards."]
    #[schema(value_type = schemas::Count)]
    reserved: u32,
    #[schema(value_type = Option<schemas::OrderIdText>)]
    order_id: Option<OrderId>,
    #[schema(value_type = Option<schemas::MovementReasonWord>)]
    reason: Option<MovementReason>,
    #[schema(value_type = Option<schemas::NoteText>)]
    note: Option<&'a Note>,
    #[schema(value_type = schemas::ActorText)]
    actor: String,
}

impl<'a> From<&'a Movement> for MovementBody<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            id: movement.event_id,
            at: Time(movement.at),
            kind: movement.kind,
            delta_on_hand: movement.delta_on_hand,
            delta_reserved: movement.delta_reserved,
            on_hand: movement.on_hand,
            reserved: movement.reserved,
            order_id: movement.order_id,
            reason: movement.reason,
            note: movement.note.as_ref(),
            actor: movement.actor.to_string(),
        }
    }
}

//! How does a change of an item's counters look to clients?

use earmark_core::movements::Movement;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{
    ActorText, Count, Delta, EventIdText, MovementKindWord, MovementReasonWord, NoteText, OrderIdText,
};
use crate::time::Time;

/// A change of an item's counters. Replaying an item's movements gives its counters.
#[derive(Serialize, ToSchema)]
#[schema(as = Movement)]
pub(crate) struct MovementBody<'a> {
    /// The id of the event that it is a part of.
    id: EventIdText,
    at: Time,
    kind: MovementKindWord,
    delta_on_hand: Delta,
    delta_reserved: Delta,
    /// Units on hand afterwards.
    on_hand: Count,
    #[doc = "Units reserved afterwards."]
    reserved: Count,
    order_id: Option<OrderIdText>,
    reason: Option<MovementReasonWord>,
    note: Option<NoteText<'a>>,
    actor: ActorText,
}

impl<'a> From<&'a Movement> for MovementBody<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            id: EventIdText(movement.event_id),
            at: Time(movement.at),
            kind: MovementKindWord(movement.kind),
            delta_on_hand: Delta(movement.delta_on_hand),
            delta_reserved: Delta(movement.delta_reserved),
            on_hand: Count(movement.on_hand),
            reserved: Count(movement.reserved),
            order_id: movement.order_id.map(OrderIdText),
            reason: movement.reason.map(MovementReasonWord),
            note: movement.note.as_ref().map(NoteText),
            actor: ActorText(movement.actor.to_string()),
        }
    }
}

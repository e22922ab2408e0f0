//! How does a counted correction of stock look to clients?

use earmark_core::items::Adjustment;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{AdjustmentIdText, AdjustmentReasonWord, Count, Delta, NoteText, SkuText};
use crate::time::Time;

/// A counted correction of stock.
#[derive(Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(crate) struct AdjustmentBody<'a> {
    id: AdjustmentIdText,
    sku: SkuText<'a>,
    /// Units added (or, negative, taken away).
    delta: Delta,
    /// Units on hand afterwards.
    on_hand: Count,
    #[doc = "Units reserved afterwards."]
    reserved: Count,
    reason: AdjustmentReasonWord,
    note: Option<NoteText<'a>>,
    created_at: Time,
}

impl<'a> From<&'a Adjustment> for AdjustmentBody<'a> {
    fn from(adjustment: &'a Adjustment) -> Self {
        Self {
            id: AdjustmentIdText(adjustment.id),
            sku: SkuText(&adjustment.sku),
            delta: Delta(adjustment.delta),
            on_hand: Count(adjustment.on_hand),
            reserved: Count(adjustment.reserved),
            reason: AdjustmentReasonWord(adjustment.reason),
            note: adjustment.note.as_ref().map(NoteText),
            created_at: Time(adjustment.created_at),
        }
    }
}

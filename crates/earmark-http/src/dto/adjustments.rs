//! How does a counted correction of stock look to clients?

use earmark_core::items::Adjustment;
use earmark_core::text::{Note, Sku};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{self, AdjustmentIdText, AdjustmentReasonWord, Count, Delta};
use crate::time::Time;

/// A counted correction of stock.
#[derive(Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(crate) struct AdjustmentBody<'a> {
    id: AdjustmentIdText,
    #[schema(value_type = schemas::SkuText)]
    sku: &'a Sku,
    /// Units added (or, negative, taken away).
    delta: Delta,
    /// Units on hand afterwards.
    on_hand: Count,
    #[doc = "Units reserved afterwards."]
    reserved: Count,
    reason: AdjustmentReasonWord,
    #[schema(value_type = Option<schemas::NoteText>)]
    note: Option<&'a Note>,
    created_at: Time,
}

impl<'a> From<&'a Adjustment> for AdjustmentBody<'a> {
    fn from(adjustment: &'a Adjustment) -> Self {
        Self {
            id: AdjustmentIdText(adjustment.id),
            sku: &adjustment.sku,
            delta: Delta(adjustment.delta),
            on_hand: Count(adjustment.on_hand),
            reserved: Count(adjustment.reserved),
            reason: AdjustmentReasonWord(adjustment.reason),
            note: adjustment.note.as_ref(),
            created_at: Time(adjustment.created_at),
        }
    }
}

//! How does a counted correction of stock look to clients?

use earmark_core::ids::AdjustmentId;
use earmark_core::items::{Adjustment, AdjustmentReason};
use earmark_core::text::{Note, Sku};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use crate::time::Time;

/// A counted correction of stock.
#[derive(Serialize, ToSchema)]
#[schema(as = Adjustment)]
pub(crate) struct AdjustmentBody<'a> {
    #[schema(value_type = schemas::AdjustmentIdText)]
    id: AdjustmentId,
    #[schema(value_type = schemas::SkuText)]
    sku: &'a Sku,
    /// Units added (or, negative, taken away).
    #[schema(value_type = schemas::Delta)]
    delta: i64,
    /// Units on hand afterwards.
    #[schema(value_type = schemas::Count)]
    on_hand: u32,
    #[doc = "Units reserved afterwards."]
    #[schema(value_type = schemas::Count)]
    reserved: u32,
    #[schema(value_type = schemas::AdjustmentReasonWord)]
    reason: AdjustmentReason,
    #[schema(value_type = Option<schemas::NoteText>)]
    note: Option<&'a Note>,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
}

impl<'a> From<&'a Adjustment> for AdjustmentBody<'a> {
    fn from(adjustment: &'a Adjustment) -> Self {
        Self {
            id: adjustment.id,
            sku: &adjustment.sku,
            delta: adjustment.delta,
            on_hand: adjustment.on_hand,
            reserved: adjustment.reserved,
            reason: adjustment.reason,
            note: adjustment.note.as_ref(),
            created_at: Time(adjustment.created_at),
        }
    }
}

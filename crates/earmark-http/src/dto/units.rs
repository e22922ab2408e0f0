//! How do units of an item look, in a request and in an answer?

use earmark_core::orders::{CancelledUnits, Units};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schemas::{self, Amount, Quantity, SkuText};
use crate::json::only_from_object;

/// Units of an item in a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(as = UnitsRequest)]
pub(crate) struct UnitsInput {
    #[doc = "Which item."]
    #[schema(value_type = schemas::SkuText<'_>)]
    pub(crate) sku: String,
    #[doc = "How many."]
    #[schema(value_type = schemas::Quantity)]
    pub(crate) quantity: i64,
}

only_from_object!(UnitsInput);

/// Units of an item.
#[derive(Serialize, ToSchema)]
#[schema(as = Units)]
pub(crate) struct UnitsBody<'a> {
    #[doc = "Which item."]
    sku: SkuText<'a>,
    #[doc = "How many."]
    quantity: Quantity,
}

impl<'a> From<&'a Units> for UnitsBody<'a> {
    fn from(units: &'a Units) -> Self {
        Self { sku: SkuText(&units.sku), quantity: Quantity(units.quantity) }
    }
}

/// Units of an item that were cancelled, and what they cost.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledUnits)]
pub(crate) struct CancelledUnitsBody<'a> {
    #[doc = "Which item."]
    sku: SkuText<'a>,
    #[doc = "How many."]
    quantity: Quantity,
    #[doc = "What they cost."]
    amount: Amount,
}

impl<'a> From<&'a CancelledUnits> for CancelledUnitsBody<'a> {
    fn from(units: &'a CancelledUnits) -> Self {
        Self { sku: SkuText(&units.sku), quantity: Quantity(units.quantity), amount: Amount(units.amount) }
    }
}

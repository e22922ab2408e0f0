//! `POST /v1/items/{sku}/adjustments`: corrects a count, by a difference or to a number.
//! [`AdjustStock`] has the rules.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::{AdjustmentReason, ON_HAND_MAX};
use earmark_core::text::{Note, Sku};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::adjustments::AdjustmentBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyRequired};
use crate::problem::Problem;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// A correction: either `delta`, or `on_hand` with `expected_on_hand`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AdjustmentRequest)]
pub(crate) struct Body {
    /// Units to add (or, negative, to take away); not 0.
    #[schema(value_type = Option<schemas::Delta>)]
    delta: Option<i64>,
    /// Units on hand afterwards.
    #[schema(value_type = Option<schemas::Count>)]
    on_hand: Option<i64>,
    #[doc = "Units that must be on hand before; an explicit null says \"whatever there is\". Goes \
        with `on_hand`."]
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schemas::Count>)]
    expected_on_hand: Option<Option<i64>>,
    #[doc = "Why."]
    #[schema(value_type = schemas::AdjustmentReasonWord)]
    reason: AdjustmentReason,
    #[doc = "In the words of whoever does it."]
    #[schema(value_type = Option<schemas::NoteText<'_>>)]
    note: Option<String>,
}

/// Reads an explicit null as `Some(None)`; an absent field stays `None`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Body {
    fn change(&self, checks: &mut Checks) -> Option<StockChange> {
        match (self.delta, self.on_hand, self.expected_on_hand) {
            (Some(delta), None, None) if delta != 0 && delta.unsigned_abs() <= u64::from(ON_HAND_MAX) => {
                Some(StockChange::By(delta))
            }
            (Some(_), None, None) => {
                checks.wrong("/delta", format!("a whole number, −{ON_HAND_MAX} to {ON_HAND_MAX}, not 0"));
                None
            }
            (None, Some(on_hand), Some(expected)) => {
                let on_hand = checks.count("/on_hand", on_hand, 0..=ON_HAND_MAX);
                let expected =
                    expected.map(|count| checks.count("/expected_on_hand", count, 0..=ON_HAND_MAX));
                Some(StockChange::To { on_hand: on_hand?, expected_on_hand: expected.flatten() })
            }
            (None, Some(_), None) => {
                checks.wrong(
                    "/expected_on_hand",
                    "needed with on_hand: the count you have seen, or an explicit null",
                );
                None
            }
            _ => {
                checks.wrong("", "either delta, or on_hand with expected_on_hand");
                None
            }
        }
    }

    fn check(&self, sku: Sku) -> Result<AdjustStock, Problem> {
        let mut checks = Checks::default();
        let change = self.change(&mut checks);
        let note = checks.optional("/note", self.note.as_deref(), Note::parse);
        let (id, reason) = (fresh_ids::adjustment(), self.reason);
        checks.all(change.map(|change| AdjustStock { id, sku, change, reason, note }))
    }
}

/// Correct the count of an item
///
/// Never below what is promised to orders.
#[utoipa::path(
    post,
    path = "/v1/items/{sku}/adjustments",
    tag = "Inventory",
    params(("sku" = schemas::SkuText<'_>, Path), KeyRequired, IfMatch),
    request_body(content = Body, example = json!({ "delta": 50, "reason": "received" })),
    responses((status = 201, description = "The count was corrected.", body = AdjustmentBody<'_>)),
)]
pub(crate) async fn adjust_stock(mut request: ApiRequest) -> Answered {
    request.staff()?;
    let sku = request.sku()?;
    let body: Body = request.json().await?;
    request.run(Action::AdjustStock(body.check(sku)?), Keyed::Required, StatusCode::CREATED).await
}

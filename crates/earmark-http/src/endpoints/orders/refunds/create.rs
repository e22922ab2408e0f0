//! `POST /v1/orders/{id}/refunds`: moves money of a paid order back.
//!
//! The refund is stored as PENDING first; then a worker calls the gateway. [`CreateRefund`] has the
//! rules.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::ids::OrderId;
use earmark_core::orders::CancelReason;
use earmark_core::refunds::create::CreateRefund;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::refunds::RefundBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyRequired};
use crate::problem::Problem;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// How much goes back, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateRefundRequest)]
pub(crate) struct Body {
    /// At most what was captured less what went or goes back.
    #[schema(value_type = schemas::Amount, minimum = 1)]
    amount: i64,
    #[doc = "`other` if absent."]
    #[schema(value_type = Option<schemas::CancelReasonWord>)]
    reason: Option<CancelReason>,
}

impl Body {
    fn check(&self, order_id: OrderId) -> Result<CreateRefund, Problem> {
        let mut checks = Checks::default();
        let amount = checks.money("/amount", self.amount);
        if self.amount == 0 {
            checks.wrong("/amount", "an amount above zero");
        }
        let (refund_id, reason) = (fresh_ids::refund(), self.reason.unwrap_or(CancelReason::Other));
        checks.all(amount.map(|amount| CreateRefund { order_id, refund_id, amount, reason }))
    }
}

#[utoipa::path(
    post,
    path = "/v1/orders/{id}/refunds",
    summary = "Refund",
    description = "Gives money of a paid order back. The refund is PENDING until the gateway has \
        done it; one that FAILED counts for nothing and can be made again under a new \
        key.",
    tag = "Payments",
    params(("id" = schemas::OrderIdText, Path), KeyRequired, IfMatch),
    request_body(content = Body, example = json!({ "amount": 500, "reason": "customer" })),
    responses((status = 201, description = "The refund, on its way.", body = RefundBody<'_>)),
)]
pub(crate) async fn create_refund(mut request: ApiRequest) -> Answered {
    request.admin()?;
    let parsed: Result<Body, Problem> = request.json().await;
    request.refuse_card_numbers()?;
    let order_id = request.id("id")?;
    request.run(Action::CreateRefund(parsed?.check(order_id)?), Keyed::Required, StatusCode::CREATED).await
}

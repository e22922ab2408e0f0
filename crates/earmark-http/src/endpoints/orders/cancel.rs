//! `POST /v1/orders/{id}/cancel`: cancels an order or a part of it. With `?dry_run=true` the answer
//! is the order as it would be. What may be cancelled is decided by [`CancelOrder`].

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::ids::OrderId;
use earmark_core::orders::CancelReason;
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::text::Note;
use earmark_door::auth::Role;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::checks::Checks;
use crate::dto::lists;
use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::dto::units::UnitsInput;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyUnlessDryRun};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// What is cancelled, and why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelOrderRequest)]
pub(crate) struct Body {
    #[doc = "Which units, of those not shipped; the whole order if absent, as long as nothing has shipped."]
    #[schema(min_items = 1, max_items = 500)]
    lines: Option<Vec<UnitsInput>>,
    /// Why; absent means `customer` where a customer asks, else `other`.
    #[schema(value_type = Option<schemas::CancelReasonWord>)]
    reason: Option<CancelReason>,
    #[doc = "In the words of whoever asks."]
    #[schema(value_type = Option<schemas::NoteText<'_>>)]
    note: Option<String>,
}

/// The parameters of a cancellation.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// `true`: the answer is the order as it would be, and nothing changes.
    #[param(value_type = Option<bool>)]
    dry_run: Option<String>,
}

impl Body {
    fn check(&self, order_id: OrderId, role: Role) -> Result<CancelOrder, Problem> {
        let mut checks = Checks::default();
        let lines = self.lines.as_ref().map(|lines| checks.units("/lines", lines));
        let note = checks.optional("/note", self.note.as_deref(), Note::parse);
        checks.done()?;
        let usual = if role == Role::Customer { CancelReason::Customer } else { CancelReason::Other };
        let (reason, refund_id) = (self.reason.unwrap_or(usual), fresh_ids::refund());
        Ok(CancelOrder { order_id, lines, reason, note, refund_id })
    }
}

#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancel",
    summary = "Cancel an order",
    description = "Stock is released and, where something was paid, a refund of exactly the \
        cancelled part is created, in the same transaction.",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path), Params, KeyUnlessDryRun, IfMatch),
    request_body(content = Option<Body>, example = json!({ "reason": "customer" })),
    responses((status = 200, description = "The order as it is, or would be.", body = OrderBody<'_>)),
)]
pub(crate) async fn cancel_order(mut request: ApiRequest) -> Answered {
    let role = request.identity()?.role;
    let order_id = request.id("id")?;
    let params: Params = request.query()?;
    let dry_run = lists::flag("dry_run", params.dry_run.as_deref())?.unwrap_or(false);
    let body: Body = request.json_or_default().await?;
    let action = Action::CancelOrder(body.check(order_id, role)?);
    if dry_run {
        return Reply::outcome(&request.app, StatusCode::OK, &request.dry_run(action).await?);
    }
    request.run(action, Keyed::Required, StatusCode::OK).await
}

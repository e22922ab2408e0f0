//! `POST /v1/payments/{id}/resolve`: an admin enters the result of a payment that stays PENDING
//! because its gateway does not say what became of it. [`ResolvePayment`] has the rules.

use axum::http::StatusCode;
use earmark_core::Action;
use earmark_core::ids::{OrderId, PaymentId};
use earmark_core::payments::resolve::{ResolvePayment, ResolvedAs};
use earmark_core::text::{Name, Note};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::problem::Problem;
use crate::reply::Answered;
use crate::request::ApiRequest;

/// What is known, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResolvePaymentRequest)]
pub(crate) struct Body {
    status: Resolution,
    /// How it is known; kept in the history.
    #[schema(value_type = schemas::NameText<'_>)]
    note: String,
    /// The gateway's own id of it, for SUCCEEDED.
    #[schema(value_type = Option<schemas::NameText<'_>>)]
    gateway_reference: Option<String>,
}

/// What became of it.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = PaymentResolution)]
enum Resolution {
    /// The money was taken.
    Succeeded,
    /// It was not, and never will be.
    Failed,
}

impl Body {
    fn check(&self, order_id: OrderId, payment_id: PaymentId) -> Result<ResolvePayment, Problem> {
        let mut checks = Checks::default();
        // As long as a name, and like one not blank.
        let note = checks.text("/note", &self.note, Name::parse).and_then(|_| Note::parse(&self.note).ok());
        let reference = checks.optional("/gateway_reference", self.gateway_reference.as_deref(), Name::parse);
        if self.status == Resolution::Failed && self.gateway_reference.is_some() {
            checks.wrong("/gateway_reference", "only goes with SUCCEEDED");
        }
        let resolved_as = match self.status {
            Resolution::Succeeded => ResolvedAs::Succeeded { reference },
            Resolution::Failed => ResolvedAs::Failed,
        };
        let refund_id = fresh_ids::refund();
        checks.all(note.map(|note| ResolvePayment { order_id, payment_id, resolved_as, note, refund_id }))
    }
}

#[utoipa::path(
    post,
    path = "/v1/payments/{id}/resolve",
    summary = "Resolve a payment",
    description = "For what stays PENDING although the gateway was asked: look there by hand, then \
        say what you saw. It is as if the gateway had said it; money that came too \
        late\ngoes back. Say FAILED only when the money cannot have moved.",
    tag = "Payments",
    params(("id" = schemas::PaymentIdText, Path), KeyAccepted, IfMatch),
    request_body(content = Body, example = json!({ "status": "SUCCEEDED", "note": "On the statement of 24 November" })),
    responses((status = 200, description = "The payment as it now stands.", body = PaymentBody<'_>)),
)]
pub(crate) async fn resolve_payment(mut request: ApiRequest) -> Answered {
    request.admin()?;
    let parsed: Result<Body, Problem> = request.json().await;
    request.refuse_card_numbers()?;
    let id: PaymentId = request.id("id")?;
    let body = parsed?;
    let order =
        request.app.store.queries().find_order_of_payment(id).await?.ok_or_else(Problem::not_found)?;
    request.run(Action::ResolvePayment(body.check(order.id, id)?), Keyed::Accepted, StatusCode::OK).await
}

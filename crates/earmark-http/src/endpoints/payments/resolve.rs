//! `POST /v1/payments/{id}/resolve`: a person says what became of a payment that the gateway cannot be made to tell.

use earmark_core::ids::{OrderId, PaymentId};
use earmark_core::payments::resolve::{ResolvePayment, ResolvedAs};
use earmark_core::text::{Name, Note};
use earmark_core::{Action, Outcome};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::checks::Checks;
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyAccepted};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};

/// What is known, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResolvePaymentRequest)]
pub(crate) struct Body {
    status: Resolution,
    /// How it is known; kept in the history.
    #[schema(value_type = schemas::NameText)]
    note: String,
    /// The gateway's own id of it, for SUCCEEDED.
    #[schema(value_type = Option<schemas::NameText>)]
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

/// Resolve a payment
///
/// For what stays PENDING although the gateway was asked: look there by hand, then say what you saw. It is as if the gateway had said it; money that came too late
/// goes back. Say FAILED only when the money cannot have moved.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/resolve",
    tag = "Payments",
    params(("id" = schemas::PaymentIdText, Path), KeyAccepted, IfMatch),
    request_body(content = Body, example = json!({ "status": "SUCCEEDED", "note": "On the statement of 24 November" })),
    responses((status = 200, description = "The payment as it now stands.", body = PaymentBody<'_>)),
)]
pub(crate) async fn resolve_payment(mut call: Call) -> Answered {
    call.admin()?;
    let parsed: Result<Body, Problem> = call.json().await;
    call.refuse_card_numbers()?;
    let id: PaymentId = call.id("id")?;
    let body = parsed?;
    let order = call.app.store.queries().find_order_of_payment(id).await?.ok_or_else(Problem::not_found)?;
    let action = Action::ResolvePayment(body.check(order.id, id)?);
    let answer = call.submit(action, Keyed::Accepted).await?;
    let Outcome::Payment { order_id, payment } = &answer.outcome else { return Err(Problem::internal()) };
    let reply = Reply::ok(&PaymentBody::new(&call.app, *order_id, payment))?;
    Ok(reply.version(payment.version).replayed(answer.replayed.into()))
}

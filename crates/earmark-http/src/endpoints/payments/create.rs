//! `POST /v1/orders/{id}/payments`: begins an attempt to take money, and waits a while for the gateway's word.
//!
//! The row is written first; a worker calls the gateway. The handler only watches the row: on a signal of this node, and by reading it
//! every [`POLL_EVERY`], since another node's worker may have settled it. A client that hangs up cancels nothing.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use earmark_core::ids::OrderId;
use earmark_core::payments::start::StartPayment;
use earmark_core::payments::{Payment, PaymentStatus, Token};
use earmark_core::text::Name;
use earmark_core::{Action, Outcome};
use earmark_store::{Interest, Subscription};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::body::only_from_object;
use crate::call::Call;
use crate::checks::Checks;
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::openapi::{IfMatch, KeyRequired};
use crate::problem::Problem;
use crate::reply::{Answered, IDEMPOTENCY_REPLAYED, Reply};

const POLL_EVERY: Duration = Duration::from_millis(250);

/// A payment of all that is due.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreatePaymentRequest)]
pub(crate) struct Body {
    method: Method,
    /// What the client wants to pay; must be the order's `balance_due`.
    #[schema(value_type = Option<schemas::Amount>)]
    amount: Option<i64>,
}

/// The means of a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(as = PaymentMethodRequest)]
pub(crate) struct Method {
    /// The gateway's opaque name of it; never a card number.
    #[schema(value_type = schemas::TokenText)]
    token: String,
}

only_from_object!(Method);

impl Body {
    fn check(&self, order_id: OrderId, gateway: Name) -> Result<StartPayment, Problem> {
        let mut checks = Checks::default();
        let token = checks.text("/method/token", &self.method.token, Token::parse);
        let amount = self.amount.and_then(|minor| checks.money("/amount", minor));
        let payment_id = fresh_ids::payment();
        checks.all(token.map(|token| StartPayment { order_id, payment_id, token, amount, gateway }))
    }
}

/// Pay an order
///
/// Needs CONFIRMED. No answer of the gateway in time is *unknown*, never failed: 202, and the payment is found under its `Location`.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/payments",
    tag = "Payments",
    params(("id" = schemas::OrderIdText, Path), KeyRequired, IfMatch),
    request_body(content = Body, example = json!({ "method": { "token": "tok_ok" } })),
    responses(
        (status = 201, description = "The money was taken.", body = PaymentBody<'_>),
        (status = 202, description = "The gateway has not answered yet.", body = PaymentBody<'_>),
        (status = 402, description = "The payment was not accepted; see `payment` and `decline_code`.",
            body = crate::dto::problems::Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create_payment(mut call: Call) -> Answered {
    call.caller()?;
    let parsed: Result<Body, Problem> = call.json().await;
    // First of all, since the words of any other refusal could repeat it.
    call.refuse_card_numbers()?;
    let order_id = call.id("id")?;
    let action = parsed?.check(order_id, call.app.config.gateway_name.clone())?;
    // Before the command, so that no commit is missed.
    let commits = call.app.store.subscribe(Interest::Order(order_id));
    let answer = call.submit(Action::StartPayment(action), Keyed::Required).await?;
    let Outcome::Payment { order_id, payment } = answer.outcome else { return Err(Problem::internal()) };
    let payment = settled(&call, (order_id, payment), &commits).await?;
    shown(&call, (order_id, &payment), answer.replayed)
}

/// The payment once it is not PENDING any more, or as it stands at the deadline.
async fn settled(call: &Call, begun: (OrderId, Payment), commits: &Subscription) -> Result<Payment, Problem> {
    let (order_id, mut payment) = begun;
    let deadline = Instant::now() + call.app.config.gateway_timeout;
    while payment.status == PaymentStatus::Pending && Instant::now() < deadline {
        let look_at = deadline.min(Instant::now() + POLL_EVERY);
        let _ = tokio::time::timeout_at(look_at, commits.changed()).await;
        let order = call.app.store.queries().find_order(order_id).await?.ok_or_else(Problem::not_found)?;
        let row = order.payments.into_iter().find(|row| row.id == payment.id);
        payment = row.ok_or_else(Problem::internal)?;
    }
    Ok(payment)
}

fn shown(call: &Call, paid: (OrderId, &Payment), replayed: bool) -> Answered {
    let (order_id, payment) = paid;
    let body = PaymentBody::new(&call.app, order_id, payment);
    let status = match payment.status {
        PaymentStatus::Succeeded => StatusCode::CREATED,
        PaymentStatus::Pending => StatusCode::ACCEPTED,
        PaymentStatus::Declined | PaymentStatus::Failed => {
            let code = payment.decline_code.as_ref().map(Name::as_str);
            let shown = serde_json::to_value(&body).map_err(|_| Problem::internal())?;
            let problem = Problem::payment_declined(&shown, code);
            return Err(if replayed {
                problem.with_header(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"))
            } else {
                problem
            });
        }
    };
    let reply = Reply::json(status, &body)?.version(payment.version);
    Ok(reply.location(&format!("/v1/payments/{}", payment.id)).replayed(replayed.into()))
}

//! `POST /v1/orders/{id}/payments`: starts an attempt to pay an order, and waits for its result.
//!
//! The attempt is stored first; a worker calls the gateway. The handler only waits until the row is
//! settled: after each commit of this node that touches the order, and every [`POLL_EVERY`] in case
//! another node settles it, it reads the row. A client that hangs up cancels nothing.

use std::time::Duration;

use axum::http::StatusCode;
use earmark_core::ids::OrderId;
use earmark_core::payments::start::StartPayment;
use earmark_core::payments::{Payment, PaymentStatus, Token};
use earmark_core::text::Name;
use earmark_core::{Action, Outcome};
use earmark_store::{Interest, Subscription};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::fresh_ids;
use crate::idempotency::Keyed;
use crate::json::only_from_object;
use crate::openapi::{IfMatch, KeyRequired};
use crate::problem::Problem;
use crate::reply::{Answered, IDEMPOTENCY_REPLAYED, REPLAYED, Reply};
use crate::request::ApiRequest;

/// How often the row is read while this node has no news of it.
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
    #[schema(value_type = schemas::TokenText<'_>)]
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

#[utoipa::path(
    post,
    path = "/v1/orders/{id}/payments",
    summary = "Pay an order",
    description = "Needs CONFIRMED. No answer of the gateway in time is *unknown*, never failed: \
        202, and the payment is found under its `Location`.",
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
pub(crate) async fn create_payment(mut request: ApiRequest) -> Answered {
    request.identity()?;
    let parsed: Result<Body, Problem> = request.json().await;
    // Before any other refusal, whose text could repeat the number.
    request.refuse_card_numbers()?;
    let order_id = request.id("id")?;
    let action = parsed?.check(order_id, request.app.config.gateway_name.clone())?;
    // Before the command, so that no commit is missed.
    let commits = request.app.store.subscribe(Interest::Order(order_id));
    let mut answer = request.submit(Action::StartPayment(action), Keyed::Required).await?;
    let Outcome::Payment { order_id, payment } = &mut answer.outcome else { return Err(Problem::internal()) };
    wait_until_settled(&request, *order_id, payment, &commits).await?;
    let status = match payment.status {
        PaymentStatus::Succeeded => StatusCode::CREATED,
        PaymentStatus::Pending => StatusCode::ACCEPTED,
        PaymentStatus::Declined | PaymentStatus::Failed => {
            let body = PaymentBody::new(&request.app, *order_id, payment);
            let mut problem = Problem::payment_declined(&body, payment.decline_code.as_ref());
            if answer.replayed {
                problem = problem.with_header(IDEMPOTENCY_REPLAYED, REPLAYED);
            }
            return Err(problem);
        }
    };
    Reply::outcome(&request.app, status, &answer)
}

/// Reads the payment until it is not PENDING any more, or the deadline has come.
async fn wait_until_settled(
    request: &ApiRequest,
    order_id: OrderId,
    payment: &mut Payment,
    commits: &Subscription,
) -> Result<(), Problem> {
    let deadline = Instant::now() + request.app.config.gateway_timeout;
    while payment.status == PaymentStatus::Pending && Instant::now() < deadline {
        let look_at = deadline.min(Instant::now() + POLL_EVERY);
        let _ = tokio::time::timeout_at(look_at, commits.changed()).await;
        let order = request.app.store.queries().find_order(order_id).await?.ok_or_else(Problem::not_found)?;
        let row = order.payments.into_iter().find(|row| row.id == payment.id);
        *payment = row.ok_or_else(Problem::internal)?;
    }
    Ok(())
}

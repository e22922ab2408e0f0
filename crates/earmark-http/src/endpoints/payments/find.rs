//! `GET /v1/payments/{id}`: a payment as it now stands.

use earmark_core::ids::PaymentId;

use crate::call::Call;
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};

/// Read a payment
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "Payments",
    params(("id" = schemas::PaymentIdText, Path)),
    responses((status = 200, description = "The payment.", body = PaymentBody<'_>)),
)]
pub(crate) async fn find_payment(call: Call) -> Answered {
    let caller = call.caller()?;
    call.refuse_card_numbers()?;
    let id: PaymentId = call.id("id")?;
    let order = call.app.store.queries().find_order_of_payment(id).await?;
    let order = order.filter(|order| caller.access.reaches(order.customer_id.as_ref()));
    let order = order.ok_or_else(Problem::not_found)?;
    let payment = order.payments.iter().find(|payment| payment.id == id).ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&PaymentBody::new(&call.app, order.id, payment))?.version(payment.version))
}

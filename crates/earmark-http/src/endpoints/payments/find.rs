//! `GET /v1/payments/{id}`: a payment as it stands now.

use earmark_core::ids::PaymentId;

use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    summary = "Read a payment",
    tag = "Payments",
    params(("id" = schemas::PaymentIdText, Path)),
    responses((status = 200, description = "The payment.", body = PaymentBody<'_>)),
)]
pub(crate) async fn find_payment(request: ApiRequest) -> Answered {
    let identity = request.identity()?;
    request.refuse_card_numbers()?;
    let id: PaymentId = request.id("id")?;
    let order = request.app.store.queries().find_order_of_payment(id).await?;
    let order = order.filter(|order| identity.caller.access.reaches(order.customer_id.as_ref()));
    let order = order.ok_or_else(Problem::not_found)?;
    let payment = order.payments.iter().find(|payment| payment.id == id).ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&PaymentBody::new(&request.app, order.id, payment))?.version(payment.version))
}

//! `GET /v1/orders/{id}/payments`: the payments of one order, newest first.

use earmark_core::ids::{OrderId, PaymentId};

use crate::cursor;
use crate::dto::lists::{self, List, PageParams};
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::endpoints::orders;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// List the payments of an order
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/payments",
    tag = "Payments",
    params(("id" = schemas::OrderIdText, Path), PageParams),
    responses((status = 200, description = "A page of payments.", body = List<PaymentBody<'_>>)),
)]
pub(crate) async fn list_payments(request: ApiRequest) -> Answered {
    request.identity()?;
    request.refuse_card_numbers()?;
    let id: OrderId = request.id("id")?;
    let params: PageParams = request.query()?;
    let limit = lists::limit(params.limit.as_deref())?;
    let list = format!("payments/{id}");
    let before = params.cursor.as_deref().map(|text| cursor::decode_exact(&list, text)).transpose()?;
    let before = before.map(PaymentId::from_bytes);
    let order = orders::reachable(&request, id).await?;
    // Stored oldest first, at most a hundred of them.
    let mut rest =
        order.payments.iter().rev().skip_while(|payment| before.is_some_and(|before| payment.id != before));
    if before.is_some() {
        rest.next();
    }
    let rows: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let last = rows.last().filter(|_| more);
    let next = last.map(|payment| cursor::encode(&list, &payment.id.to_bytes()));
    Reply::ok(&List::new(
        rows.iter().map(|payment| PaymentBody::new(&request.app, id, payment)).collect(),
        next,
    ))
}

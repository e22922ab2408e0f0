//! `GET /v1/orders/{id}/payments`: the payments of one order, newest first.

use earmark_core::ids::{OrderId, PaymentId};
use earmark_store::Page;

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
    let newest_first = order.payments.iter().rev();
    let rest = newest_first.skip_while(|payment| before.is_some_and(|before| payment.id != before));
    let rest = rest.skip(usize::from(before.is_some()));
    let page = Page::of(rest.take(limit + 1).collect(), limit);
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|payment| cursor::encode(&list, &payment.id.to_bytes()));
    let rows = page.rows.iter().map(|payment| PaymentBody::new(&request.app, id, payment));
    Reply::ok(&List::new(rows.collect(), next))
}

//! `GET /v1/orders/{id}/events`: what has happened to an order, oldest first.

use earmark_core::ids::OrderId;

use crate::cursor;
use crate::dto::events::EventBody;
use crate::dto::lists::{self, List, PageParams};
use crate::dto::schemas;
use crate::endpoints::orders;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// List the events of an order
///
/// Oldest first.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/events",
    tag = "Orders",
    params(("id" = schemas::OrderIdText, Path), PageParams),
    responses((status = 200, description = "A page of events.", body = List<EventBody<'_>>)),
)]
pub(crate) async fn list_order_events(request: ApiRequest) -> Answered {
    request.identity()?;
    let id: OrderId = request.id("id")?;
    let params: PageParams = request.query()?;
    let limit = lists::limit(params.limit.as_deref())?;
    let list = format!("order_events/{id}");
    let after = params.cursor.as_deref().map(|text| cursor::decode_exact(&list, text)).transpose()?;
    orders::reachable(&request, id).await?;
    let after = after.map_or(0, u64::from_be_bytes);
    let page = request.app.store.queries().list_order_events(id, after, limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|row| cursor::encode(&list, &row.event.sequence.to_be_bytes()));
    Reply::ok(&List::new(page.rows.iter().map(EventBody::from).collect(), next))
}

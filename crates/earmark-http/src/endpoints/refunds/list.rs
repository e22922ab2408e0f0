//! `GET /v1/refunds`: the refunds of all orders, newest first.

use earmark_core::ids::RefundId;
use earmark_core::refunds::RefundStatus;
use earmark_store::RefundFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::dto::lists::{self, List};
use crate::dto::refunds::RefundBody;
use crate::dto::schemas;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;
use crate::time::Time;

const LIST: &str = "refunds";

/// The filters, which hold all at once, and the page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    #[doc = "In this state."]
    #[param(value_type = Option<schemas::RefundStatusWord>)]
    status: Option<String>,
    /// Made later than this.
    #[param(value_type = Option<Time>)]
    created_after: Option<String>,
    /// Made earlier than this.
    #[param(value_type = Option<Time>)]
    created_before: Option<String>,
    #[doc = "The most rows."]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// A `next_cursor` of this list.
    #[param(min_length = 8, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// List refunds
///
/// Of all orders, newest first; for admins and services.
#[utoipa::path(
    get,
    path = "/v1/refunds",
    tag = "Payments",
    params(Params),
    responses((status = 200, description = "A page of refunds.", body = List<RefundBody<'_>>)),
)]
pub(crate) async fn list_refunds(request: ApiRequest) -> Answered {
    request.staff()?;
    request.refuse_card_numbers()?;
    let params: Params = request.query()?;
    let limit = lists::limit(params.limit.as_deref())?;
    let before = params.cursor.as_deref().map(|text| cursor::decode_exact(LIST, text)).transpose()?;
    let filter = RefundFilter {
        status: lists::word::<RefundStatus>("status", params.status.as_deref())?,
        created_after: lists::point("created_after", params.created_after.as_deref())?,
        created_before: lists::point("created_before", params.created_before.as_deref())?,
        before: before.map(RefundId::from_bytes),
    };
    let page = request.app.store.queries().list_refunds(&filter, limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|(_, refund)| cursor::encode(LIST, &refund.id.to_bytes()));
    let rows = page.rows.iter().map(|(order_id, refund)| RefundBody::new(&request.app, *order_id, refund));
    Reply::ok(&List::new(rows.collect(), next))
}

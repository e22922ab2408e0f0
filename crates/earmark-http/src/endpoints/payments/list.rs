//! `GET /v1/payments`: the payments of all orders, newest first.
//!
//! `status=PENDING&older_than=900` lists those whose gateway has not answered for a quarter of an
//! hour, which a person has to look at.

use earmark_core::ids::PaymentId;
use earmark_core::payments::PaymentStatus;
use earmark_core::{Span, Timestamp};
use earmark_store::PaymentFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::dto::lists::{self, List};
use crate::dto::payments::PaymentBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;
use crate::time::Time;

const LIST: &str = "payments";

/// The filters, which hold all at once, and the page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    #[doc = "In this state."]
    #[param(value_type = Option<schemas::PaymentStatusWord>)]
    status: Option<String>,
    /// Begun at least so many seconds ago.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 4_294_967_295_u32)]
    older_than: Option<String>,
    /// Begun later than this.
    #[param(value_type = Option<Time>)]
    created_after: Option<String>,
    /// Begun earlier than this.
    #[param(value_type = Option<Time>)]
    created_before: Option<String>,
    #[doc = "The most rows."]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// A `next_cursor` of this list.
    #[param(min_length = 8, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

impl Params {
    fn filter(&self, now: Timestamp) -> Result<PaymentFilter, Problem> {
        let before = self.cursor.as_deref().map(|text| cursor::decode_exact(LIST, text)).transpose()?;
        let until = lists::point("created_before", self.created_before.as_deref())?;
        let aged = self.older_than.as_deref().map(|text| older_than(text, now)).transpose()?;
        Ok(PaymentFilter {
            status: lists::word::<PaymentStatus>("status", self.status.as_deref())?,
            created_after: lists::point("created_after", self.created_after.as_deref())?,
            created_before: match (until, aged) {
                (Some(until), Some(aged)) => Some(until.min(aged)),
                (until, aged) => until.or(aged),
            },
            before: before.map(PaymentId::from_bytes),
        })
    }
}

fn older_than(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits => Ok(now.before(Span::from_seconds(seconds))),
        _ => Err(Problem::wrong_query("older_than", "a whole number of seconds")),
    }
}

#[utoipa::path(
    get,
    path = "/v1/payments",
    summary = "List payments",
    description = "Of all orders, newest first; for admins and services. \
        `status=PENDING&older_than=900` is what the gateway has not said for a quarter \
        of an hour.",
    tag = "Payments",
    params(Params),
    responses((status = 200, description = "A page of payments.", body = List<PaymentBody<'_>>)),
)]
pub(crate) async fn list_all_payments(request: ApiRequest) -> Answered {
    request.staff()?;
    request.refuse_card_numbers()?;
    let params: Params = request.query()?;
    let (limit, filter) =
        (lists::limit(params.limit.as_deref())?, params.filter(request.app.store.clock().now())?);
    let page = request.app.store.queries().list_payments(&filter, limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|(_, payment)| cursor::encode(LIST, &payment.id.to_bytes()));
    let rows = page.rows.iter().map(|(order_id, payment)| PaymentBody::new(&request.app, *order_id, payment));
    Reply::ok(&List::new(rows.collect(), next))
}

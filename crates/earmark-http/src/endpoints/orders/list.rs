//! `GET /v1/orders`: orders, newest first. A customer gets its own.

use earmark_core::Access;
use earmark_core::ids::OrderId;
use earmark_core::orders::OrderStatus;
use earmark_core::text::{CustomerId, InvalidText, Reference, Sku};
use earmark_store::OrderFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::dto::lists::{self, List};
use crate::dto::orders::OrderBody;
use crate::dto::schemas;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;
use crate::time::Time;

const LIST: &str = "orders";

/// The filters, which hold all at once, and the page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    #[doc = "Of this customer."]
    #[param(value_type = Option<schemas::CustomerIdText<'_>>)]
    customer_id: Option<String>,
    #[doc = "In this state."]
    #[param(value_type = Option<schemas::OrderStatusWord>)]
    status: Option<String>,
    /// With a line of this item.
    #[param(value_type = Option<schemas::SkuText<'_>>)]
    sku: Option<String>,
    #[doc = "With this reference."]
    #[param(value_type = Option<schemas::ReferenceText<'_>>)]
    reference: Option<String>,
    /// Placed later than this.
    #[param(value_type = Option<Time>)]
    created_after: Option<String>,
    /// Placed earlier than this.
    #[param(value_type = Option<Time>)]
    created_before: Option<String>,
    #[doc = "The most rows."]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// A `next_cursor` of this list.
    #[param(min_length = 8, max_length = 400, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

fn text<T>(
    name: &str,
    text: Option<&str>,
    parse: fn(&str) -> Result<T, InvalidText>,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(text).map_err(|error| Problem::wrong_query(name, error.0))).transpose()
}

fn status(text: &str) -> Result<OrderStatus, Problem> {
    let known = OrderStatus::ALL.into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| Problem::wrong_query("status", "one of the six states, in capitals"))
}

impl Params {
    fn filter(&self, access: &Access) -> Result<OrderFilter, Problem> {
        let before = self.cursor.as_deref().map(|text| cursor::decode_exact(LIST, text)).transpose()?;
        let wanted = text("customer_id", self.customer_id.as_deref(), CustomerId::parse)?;
        let customer_id = match (access, wanted) {
            (Access::All, wanted) => wanted,
            (Access::Customer(own), Some(other)) if *own != other => return Err(Problem::not_found()),
            (Access::Customer(own), _) => Some(own.clone()),
        };
        Ok(OrderFilter {
            customer_id,
            status: self.status.as_deref().map(status).transpose()?,
            sku: text("sku", self.sku.as_deref(), Sku::parse)?,
            reference: text("reference", self.reference.as_deref(), Reference::parse)?,
            created_after: lists::point("created_after", self.created_after.as_deref())?,
            created_before: lists::point("created_before", self.created_before.as_deref())?,
            before: before.map(OrderId::from_bytes),
        })
    }
}

/// List orders
///
/// Newest first. A customer sees its own.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "Orders",
    params(Params),
    responses((status = 200, description = "A page of orders.", body = List<OrderBody<'_>>)),
)]
pub(crate) async fn list_orders(request: ApiRequest) -> Answered {
    let access = &request.identity()?.caller.access;
    let params: Params = request.query()?;
    let (limit, filter) = (lists::limit(params.limit.as_deref())?, params.filter(access)?);
    let page = request.app.store.queries().list_orders(&filter, limit).await?;
    let last = page.rows.last().filter(|_| page.more);
    let next = last.map(|order| cursor::encode(LIST, &order.id.to_bytes()));
    Reply::ok(&List::new(page.rows.iter().map(|order| OrderBody::new(&request.app, order)).collect(), next))
}

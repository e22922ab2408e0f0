//! `/v1/orders`: what was promised to customers.

pub(crate) mod cancel;
pub(crate) mod confirm;
pub(crate) mod create;
pub(crate) mod events;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod payments;
pub(crate) mod refunds;
pub(crate) mod shipments;

use earmark_core::ids::OrderId;
use earmark_core::orders::Order;

use crate::problem::Problem;
use crate::request::ApiRequest;

/// The order, if it exists and belongs to the sender.
pub(crate) async fn reachable(request: &ApiRequest, id: OrderId) -> Result<Order, Problem> {
    let identity = request.identity()?;
    let order = request.app.store.queries().find_order(id).await?;
    order
        .filter(|order| identity.caller.access.reaches(order.customer_id.as_ref()))
        .ok_or_else(Problem::not_found)
}

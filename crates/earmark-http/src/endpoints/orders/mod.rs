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

use axum::http::StatusCode;
use earmark_core::ids::OrderId;
use earmark_core::orders::Order;
use earmark_core::{Answer, Outcome};

use crate::dto::orders::OrderBody;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// The order, if it exists and belongs to the sender.
pub(crate) async fn reachable(request: &ApiRequest, id: OrderId) -> Result<Order, Problem> {
    let identity = request.identity()?;
    let order = request.app.store.queries().find_order(id).await?;
    order
        .filter(|order| identity.caller.access.reaches(order.customer_id.as_ref()))
        .ok_or_else(Problem::not_found)
}

/// Answers with the order of this outcome; 201 also says where it is.
fn shown(request: &ApiRequest, status: StatusCode, answer: &Answer) -> Answered {
    let Outcome::Order(order) = &answer.outcome else { return Err(Problem::internal()) };
    let reply = Reply::json(status, &OrderBody::new(&request.app, order))?;
    let reply = reply.version(order.version).replayed(answer.replayed.into());
    Ok(if status == StatusCode::CREATED {
        reply.location(&format!("/v1/orders/{}", order.id))
    } else {
        reply
    })
}

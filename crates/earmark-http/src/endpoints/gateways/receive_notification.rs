//! `POST /v1/gateways/{name}/webhook`: a gateway notifies us that something has changed.
//!
//! Nothing that it says is believed. If it is about a row of ours, the next attempt of that row
//! becomes due, and a worker looks it up at the gateway.

use std::sync::Arc;

use earmark_core::payments::hasten::HastenAttempts;
use earmark_core::{Action, Caller, Command};

use crate::notifications::{self, Notification, Subject};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::request::ApiRequest;

/// Tell that something has changed at the gateway
#[utoipa::path(
    post,
    path = "/v1/gateways/{name}/webhook",
    operation_id = "receive_webhook",
    description = "Signed by the gateway; a hint to ask it at once, and nothing else: it may come \
        twice, late, out of order, or not at all. What it is about is asked\nfor under \
        our own id.",
    tag = "Payments",
    security(()),
    params(("name" = crate::dto::schemas::NameText<'_>, Path)),
    request_body(content = inline(serde_json::Value), content_type = "application/json"),
    responses((status = 204, description = "The gateway is asked, if this is about anything of ours.")),
)]
pub(crate) async fn receive_notification(mut request: ApiRequest) -> Answered {
    let app = Arc::clone(&request.app);
    let ours = request.param("name") == Some(app.config.gateway_name.as_str());
    let key = app.config.notification_key.as_ref().filter(|_| ours).ok_or_else(Problem::not_found)?;
    request.read_body().await?;
    let arrived_at_seconds = app.store.clock().now().0.div_euclid(1_000_000);
    let (headers, path, body) = request.raw();
    if !key.is_genuine(Notification { headers, path, body, arrived_at_seconds }) {
        return Err(Problem::unauthorized("The signature is missing, wrong, or not of now."));
    }
    let order = match notifications::subject(body) {
        Some(Subject::Payment(id)) => app.store.queries().find_order_of_payment(id).await?,
        Some(Subject::Refund(id)) => app.store.queries().find_order_of_refund(id).await?,
        None => None,
    };
    if let Some(order) = order {
        let action = Action::HastenAttempts(HastenAttempts { order_id: order.id });
        let command = Command::new(Caller::SYSTEM, action);
        // An order is never deleted, so a rejection would be a bug.
        app.store.submit(command).await??;
    }
    Ok(Reply::no_content())
}

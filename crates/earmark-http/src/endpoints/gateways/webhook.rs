//! `POST /v1/gateways/{name}/webhook`: a gateway says that something has changed. A hint to ask it, never the truth: nothing that it says is believed.

use earmark_core::payments::hasten::HastenAttempts;
use earmark_core::{Action, Caller, Command};

use crate::call::Call;
use crate::hints::{self, Arrived, Subject};
use crate::problem::Problem;
use crate::reply::{Answered, Reply};

/// Tell that something has changed at the gateway
///
/// Signed by the gateway; a hint to ask it at once, and nothing else: it may come twice, late, out of order, or not at all. What it is about is asked
/// for under our own id.
#[utoipa::path(
    post,
    path = "/v1/gateways/{name}/webhook",
    tag = "Payments",
    security(()),
    params(("name" = crate::dto::schemas::NameText, Path)),
    request_body(content = inline(serde_json::Value), content_type = "application/json"),
    responses((status = 204, description = "The gateway is asked, if this is about anything of ours.")),
)]
pub(crate) async fn receive_webhook(mut call: Call) -> Answered {
    let app = call.app.clone();
    let ours = call.param("name") == Some(app.config.gateway_name.as_str());
    let hints = app.config.gateway_hints.as_ref().filter(|_| ours).ok_or_else(Problem::not_found)?;
    call.read_body().await?;
    let now_seconds = app.store.clock().now().0.div_euclid(1_000_000);
    let (headers, path, body) = call.raw();
    if !hints.is_genuine(Arrived { headers, path, body, now_seconds }) {
        return Err(Problem::unauthorized("The signature is missing, wrong, or not of now."));
    }
    let order = match hints::subject(body) {
        Some(Subject::Payment(id)) => app.store.queries().find_order_of_payment(id).await?,
        Some(Subject::Refund(id)) => app.store.queries().find_order_of_refund(id).await?,
        None => None,
    };
    if let Some(order) = order {
        let action = Action::HastenAttempts(HastenAttempts { order_id: order.id });
        let command = Command::new(Caller::SYSTEM, action);
        // An order is never deleted, so this is only ever refused by a bug.
        app.store.submit(command).await??;
    }
    Ok(Reply::no_content())
}

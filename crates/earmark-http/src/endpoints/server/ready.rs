//! `GET /readyz`: the database answers and the writer runs.

use std::sync::Arc;

use axum::extract::State;

use super::health::StatusBody;
use crate::problem::Problem;
use crate::reply::{Answered, Reply};
use crate::state::App;

/// Can requests be served?
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Server",
    security(()),
    responses(
        (status = 200, description = "They can.", body = StatusBody),
        (status = 503, description = "They cannot.",
            body = crate::dto::problems::Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Answered {
    let answers = app.store.queries().ping().await;
    match answers {
        Ok(()) if app.store.is_alive() => Reply::ok(&StatusBody { status: "ok" }),
        _ => Err(Problem::unavailable()),
    }
}

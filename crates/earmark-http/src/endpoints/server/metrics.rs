//! `GET /metrics`: what Prometheus reads, in the format of OpenMetrics 1.0.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::state::App;

#[utoipa::path(
    get,
    path = "/metrics",
    summary = "Read the metrics",
    tag = "Server",
    security(()),
    responses((status = 200, description = "OpenMetrics 1.0, which Prometheus reads.", body = String,
        content_type = "application/openmetrics-text")),
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    (
        [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        app.door.metrics.render(&app.store),
    )
        .into_response()
}

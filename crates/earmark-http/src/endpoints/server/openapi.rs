//! `GET /openapi.json`: the description of the API, made once with the router.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::state::App;

#[utoipa::path(
    get,
    path = "/openapi.json",
    summary = "Read this description",
    tag = "Server",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(crate) async fn openapi(State(app): State<Arc<App>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, app.document.clone()).into_response()
}

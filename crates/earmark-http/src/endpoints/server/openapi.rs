//! `GET /openapi.json`: the description of the API, made once with the router.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

#[utoipa::path(
    get,
    path = "/openapi.json",
    summary = "Read this description",
    tag = "Server",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(crate) async fn openapi(axum::Extension(document): axum::Extension<Document>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    (headers, document.0).into_response()
}

/// The document's bytes, made once with the router.
#[derive(Clone)]
pub(crate) struct Document(pub(crate) Bytes);

//! `GET /docs`: the reference of the API as a page that works offline.
//!
//! Everything that the page loads comes from this server, and its content security policy allows
//! nothing else.

use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};

const PAGE: &str = include_str!("../../../assets/docs.html");
/// The script of the page. It is a file of its own, so that the policy need not allow inline
/// scripts.
const START: &str = include_str!("../../../assets/docs.js");
/// The viewer, @scalar/api-reference (MIT, see `assets/scalar.LICENSE`), compressed.
const VIEWER: &[u8] = include_bytes!("../../../assets/scalar.js.gz");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Read the reference page
#[utoipa::path(
    get,
    path = "/docs",
    tag = "Server",
    security(()),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")),
)]
pub(crate) async fn docs() -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")], Html(PAGE)).into_response()
}

/// `GET /docs/start.js`: starts the viewer in the page.
pub(crate) async fn start() -> Response {
    ([(CONTENT_TYPE, JAVASCRIPT), (CACHE_CONTROL, "no-cache")], START).into_response()
}

/// `GET /docs/scalar.js`: sent compressed, which every browser understands.
pub(crate) async fn viewer() -> Response {
    let headers = [(CONTENT_TYPE, JAVASCRIPT), (CONTENT_ENCODING, "gzip"), (CACHE_CONTROL, "max-age=86400")];
    (headers, VIEWER).into_response()
}

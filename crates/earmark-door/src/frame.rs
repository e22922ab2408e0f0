//! What happens around every request? Its id, the limit of requests at once, the net under panics, the writing of problems, metrics, logs.
//!
//! One layer in one function, so that a request is boxed once and not once per concern.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use earmark_core::payments::mask_card_numbers;

use crate::card_numbers::masked_path;
use crate::problem::Problem;
use crate::request_id::{self, X_REQUEST_ID};
use crate::state::{App, AppState};

/// Runs the request.
pub(crate) async fn frame(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id::of(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let response = if uri.path().starts_with("/v1/") {
        match Slot::take(&app) {
            Some(_slot) => caught(next.run(request)).await,
            None => Problem::overloaded().into_response(),
        }
    } else {
        caught(next.run(request)).await
    };
    let mut response = finished(response, uri.path(), &id);
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let (status, took) = (response.status(), began.elapsed());
    app.metrics.observe((route, &method), status, took);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(%method, path = &*masked_path(uri.path()), status = status.as_u16(), micros, request_id = ?id, "request");
    } else {
        tracing::debug!(%method, path = &*masked_path(uri.path()), status = status.as_u16(), micros, request_id = ?id, "request");
    }
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// Writes the body of a problem; a bare 405 from the router becomes one.
fn finished(mut response: Response, path: &str, id: &HeaderValue) -> Response {
    let mut problem = response.extensions_mut().remove::<Problem>();
    if problem.is_none() && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(ALLOW).cloned();
        let bare = Problem::method_not_allowed();
        problem = Some(match allow {
            Some(allow) => bare.with_header(ALLOW, allow),
            None => bare,
        });
    }
    match problem {
        // Neither is shown again if somebody put a card number there.
        Some(problem) => {
            let id = mask_card_numbers(id.to_str().unwrap_or_default());
            problem.render(&masked_path(path), &id)
        }
        None => response,
    }
}

/// The response, or a 500 if making it panicked.
async fn caught(work: impl Future<Output = Response>) -> Response {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(_) => {
                tracing::error!("a request handler panicked");
                Poll::Ready(Problem::internal().into_response())
            }
        }
    })
    .await
}

/// The right to work on a request; given back when dropped, also when the client has hung up.
struct Slot<'a>(&'a App);

impl<'a> Slot<'a> {
    fn take(app: &'a App) -> Option<Self> {
        let before = app.requests_in_flight.fetch_add(1, Ordering::Relaxed);
        let slot = Self(app);
        (before < app.config.requests_max).then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.requests_in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_problem_and_stops_nothing() {
        let response = caught(async { panic!("on purpose") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let response = finished(response, "/v1/x", &HeaderValue::from_static("req"));
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let calm = caught(async { StatusCode::OK.into_response() }).await;
        assert_eq!(calm.status(), StatusCode::OK);
    }
}

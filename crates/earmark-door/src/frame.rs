//! What happens around every request? It gets its id and, where it counts, a slot; panics are
//! caught; errors are written; duration and status are measured and logged.
//!
//! It is one layer in one function, so that a request is boxed once and not once per concern. How
//! an error is written is up to the interface: it passes its renderer in [`Frame`].

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::Next;
use axum::response::Response;
use earmark_core::payments::mask_card_numbers;

use crate::card_numbers::masked_path;
use crate::door::Door;
use crate::metrics::Observation;
use crate::refusal::Refusal;
use crate::request_id::{self, X_REQUEST_ID};

/// What an interface brings to its frame.
#[derive(Clone)]
pub struct Frame {
    pub door: Arc<Door>,
    /// Whether requests for this path count against [`crate::DoorConfig::requests_max`]. Health
    /// checks do not, so that a busy server is not taken for a dead one.
    pub is_counted: fn(path: &str) -> bool,
    /// Writes the answer: a [`Refusal`], and whatever of the interface's own errors is not written
    /// yet because only the frame knows the request's id.
    pub render: fn(Result<Response, Refusal>, &RequestLabel<'_>) -> Response,
}

/// What an error may repeat of its request.
pub struct RequestLabel<'a> {
    pub(crate) path: &'a str,
    pub(crate) id: &'a HeaderValue,
}

impl<'a> RequestLabel<'a> {
    /// The path, without a card number if there was one.
    pub fn path(&self) -> Cow<'a, str> {
        masked_path(self.path)
    }

    /// The request's id, without a card number if the client sent one as its id.
    pub fn id(&self) -> Cow<'a, str> {
        mask_card_numbers(self.id.to_str().unwrap_or_default())
    }
}

/// Runs the request. Put it around a router with [`axum::middleware::from_fn_with_state`].
pub async fn frame(State(frame): State<Frame>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id::of(request.headers());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let answer = if (frame.is_counted)(uri.path()) {
        match frame.door.slots.take() {
            Some(_slot) => caught(next.run(request)).await,
            None => Err(Refusal::Overloaded),
        }
    } else {
        caught(next.run(request)).await
    };
    let mut response = (frame.render)(answer, &RequestLabel { path: uri.path(), id: &id });
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let (status, took) = (response.status(), began.elapsed());
    let route = route.as_ref().map(MatchedPath::as_str);
    frame.door.metrics.observe(&Observation { route, method: &method, status, took });
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let (path, status) = (uri.path(), status.as_u16());
    if status >= 500 {
        tracing::warn!(%method, path = &*masked_path(path), status, micros, request_id = ?id, "request");
    } else {
        tracing::debug!(%method, path = &*masked_path(path), status, micros, request_id = ?id, "request");
    }
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}

/// The response, unless making it panicked.
async fn caught(work: impl Future<Output = Response>) -> Result<Response, Refusal> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => {
                tracing::error!("a request handler panicked");
                Poll::Ready(Err(Refusal::Panicked))
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_refusal_and_stops_nothing() {
        let panicked = caught(async { panic!("on purpose") }).await;
        assert!(matches!(panicked, Err(Refusal::Panicked)));
        let calm = caught(async { StatusCode::OK.into_response() }).await.unwrap();
        assert_eq!(calm.status(), StatusCode::OK);
    }
}

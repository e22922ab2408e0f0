//! How is an answer written? A status, a body of JSON, and the few headers that go with a resource.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::problem::Problem;

/// Marks an answer that was given before, to the first request under the same key.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Most resources fit into this many bytes.
const BODY_BYTES_USUAL: usize = 2048;

/// What an endpoint returns.
pub(crate) type Answered = Result<Reply, Problem>;

/// An answer other than a problem.
pub(crate) struct Reply(Response);

impl Reply {
    /// An answer with this status and body.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Answered {
        let mut bytes = Vec::with_capacity(BODY_BYTES_USUAL);
        serde_json::to_writer(&mut bytes, body).map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            Problem::internal()
        })?;
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self(response))
    }

    /// 200 with this body.
    pub(crate) fn ok(body: &impl Serialize) -> Answered {
        Self::json(StatusCode::OK, body)
    }

    /// 204, which has no body.
    pub(crate) fn no_content() -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self(response)
    }

    /// Adds the resource's version as its entity tag.
    pub(crate) fn version(mut self, version: u64) -> Self {
        let tag = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits in quotes");
        self.0.headers_mut().insert(ETAG, tag);
        self
    }

    /// Adds the path of the new resource.
    pub(crate) fn location(mut self, path: &str) -> Self {
        if let Ok(path) = HeaderValue::from_str(path) {
            self.0.headers_mut().insert(LOCATION, path);
        }
        self
    }

    /// Marks the answer if it was given before.
    pub(crate) fn replayed(mut self, replayed: Replayed) -> Self {
        if replayed == Replayed::Yes {
            self.0.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        self
    }
}

/// Whether an answer was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replayed {
    Yes,
    No,
}

impl From<bool> for Replayed {
    fn from(replayed: bool) -> Self {
        if replayed { Self::Yes } else { Self::No }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}

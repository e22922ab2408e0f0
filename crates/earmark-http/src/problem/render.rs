//! How is a problem written? As `application/problem+json`, with the request's path and id in it.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use earmark_door::{Refusal, RequestLabel};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Problem;
use super::codes::{retryable, title};
use crate::field_error::FieldError;

#[derive(Serialize)]
struct Rendered<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    retryable: bool,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

/// The finished answer: a problem or refusal is written, any other response passes as it is.
pub(crate) fn render(answer: Result<Response, Refusal>, request: &RequestLabel<'_>) -> Response {
    let unwritten = answer.map_err(Problem::from).and_then(|mut response| {
        match response.extensions_mut().remove::<Problem>() {
            Some(problem) => Err(problem),
            None if response.status() == StatusCode::METHOD_NOT_ALLOWED => Err(wrong_method(&response)),
            None => Ok(response),
        }
    });
    unwritten.unwrap_or_else(|problem| problem.written(&request.path(), &request.id()))
}

/// The router answers a wrong method with a bare 405 and `Allow`.
fn wrong_method(response: &Response) -> Problem {
    let problem = Problem::method_not_allowed();
    match response.headers().get(ALLOW) {
        Some(allow) => problem.with_header(ALLOW, allow.clone()),
        None => problem,
    }
}

impl Problem {
    fn written(&self, instance: &str, request_id: &str) -> Response {
        let details = &*self.0;
        let rendered = Rendered {
            r#type: format!("urn:earmark:problem:{}", details.code),
            title: title(details.code),
            status: details.status.as_u16(),
            detail: &details.detail,
            instance,
            code: details.code,
            retryable: retryable(details.code),
            request_id,
            errors: &details.errors,
            extra: &details.extra,
        };
        let body = serde_json::to_vec(&rendered).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = details.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in &details.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_written_as_a_problem() {
        let response = Problem::from(Refusal::Panicked).written("/v1/x", "req");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

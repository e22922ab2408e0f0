//! What is said when it does not work? RFC 9457 problems, and the one place that knows which refusal has which status.
//!
//! Invariant: nothing internal is ever shown. A problem travels to [`crate::frame`] as an extension of its response, where path and
//! request id are known and the body is written.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use earmark_core::{Rejection, Shortage};
use earmark_store::{StoreError, SubmitError};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::checks::FieldError;

/// A refusal or failure on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    /// Members of this code alone.
    extra: Map<String, Value>,
    /// Headers that go with it.
    headers: Vec<(HeaderName, HeaderValue)>,
}

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

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let (detail, errors) = (detail.into(), Vec::new());
        Self(Box::new(Details { status, code, detail, errors, extra: Map::new(), headers: Vec::new() }))
    }

    fn with(mut self, extra: Value) -> Self {
        if let Value::Object(members) = extra {
            self.0.extra = members;
        }
        self
    }

    /// With this header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// 400 with the fields that are wrong.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem =
            Self::new(StatusCode::BAD_REQUEST, "invalid_request", "The request is not valid; see `errors`.");
        problem.0.errors = errors;
        problem
    }

    /// 400 for one thing that is wrong.
    pub(crate) fn invalid_one(error: FieldError) -> Self {
        Self::invalid(vec![error])
    }

    /// 400: a key has to come with it.
    pub(crate) fn idempotency_key_required() -> Self {
        let detail = "This call would do harm if it were carried out twice: send an Idempotency-Key.";
        Self::new(StatusCode::BAD_REQUEST, "idempotency_key_required", detail)
    }

    /// 401: who are you?
    pub(crate) fn unauthorized(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: not with this key.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "This call needs a key of the role admin.")
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing, or it is not yours.")
    }

    /// 402 with the payment.
    pub(crate) fn payment_declined(payment: &Value, decline_code: Option<&str>) -> Self {
        let detail = "The payment was not accepted; the order can be paid again.";
        Self::new(StatusCode::PAYMENT_REQUIRED, "payment_declined", detail)
            .with(json!({ "payment": payment, "decline_code": decline_code }))
    }

    /// 405; the router adds `Allow`.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "The path exists, the method does not; see Allow.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 408: the body did not come.
    pub(crate) fn request_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time.")
    }

    /// 413.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("A body is at most {limit} bytes."),
        )
    }

    /// 415.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send the body as application/json.",
        )
    }

    /// 412: `If-Match` names a version that the resource does not have.
    pub(crate) fn version_mismatch(version: u64) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "version_mismatch",
            "The resource has another version by now.",
        )
        .with(json!({ "version": version }))
    }

    /// 503: too much at once.
    pub(crate) fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "Too many requests at once; nothing was done.",
        )
        .retry_soon()
    }

    /// 503: the database is away.
    pub(crate) fn unavailable() -> Self {
        let detail = "The request could not be answered now. Send it again under the same Idempotency-Key.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_soon()
    }

    /// 500: a bug of ours.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")
    }

    fn retry_soon(self) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// The finished response.
    pub(crate) fn render(&self, instance: &str, request_id: &str) -> Response {
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

/// All codes, with their titles.
const TITLES: [(&str, &str); 29] = [
    ("invalid_request", "The request is not valid"),
    ("idempotency_key_required", "An idempotency key is required"),
    ("unauthorized", "A valid token is required"),
    ("payment_declined", "The payment was declined"),
    ("forbidden", "The token does not allow this"),
    ("not_found", "Not found"),
    ("method_not_allowed", "Method not allowed"),
    ("request_timeout", "The request came too slowly"),
    ("insufficient_stock", "Not enough stock"),
    ("invalid_transition", "The state does not allow this"),
    ("price_changed", "The price has changed"),
    ("amount_mismatch", "The amount is not what is due"),
    ("payment_in_progress", "A payment is in progress"),
    ("already_paid", "Already paid"),
    ("payment_settled", "The payment has ended"),
    ("refund_exceeds_captured", "More than can be refunded"),
    ("item_inactive", "An item is not sold any more"),
    ("cart_empty", "The cart is empty"),
    ("already_exists", "Already exists"),
    ("stock_below_reserved", "Stock would fall below what is reserved"),
    ("stock_mismatch", "Stock is not what was expected"),
    ("version_mismatch", "The version does not match"),
    ("body_too_large", "The body is too large"),
    ("unsupported_media_type", "Unsupported media type"),
    ("idempotency_key_reused", "The idempotency key was used for another request"),
    ("rate_limited", "Too many requests"),
    ("internal", "Internal error"),
    ("overloaded", "Overloaded"),
    ("unavailable", "Unavailable"),
];

/// The codes that clients can meet.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    TITLES.iter().map(|(code, _)| *code)
}

fn title(code: &str) -> &'static str {
    TITLES.iter().find(|(known, _)| *known == code).map_or("Problem", |(_, title)| title)
}

/// Whether the same request, sent again a little later, may work.
fn retryable(code: &str) -> bool {
    matches!(code, "payment_in_progress" | "request_timeout" | "rate_limited" | "overloaded" | "unavailable")
}

impl IntoResponse for Problem {
    /// A response without a body; [`crate::frame`] writes it.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let code = rejection.code();
        match rejection {
            Rejection::IdempotencyKeyReused => {
                let detail = "This Idempotency-Key was used for another request; nothing was done.";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
            }
            Rejection::NotFound => Self::not_found(),
            Rejection::VersionMismatch { version } => Self::version_mismatch(version),
            Rejection::Invalid { pointer, detail } => Self::invalid_one(FieldError::body(pointer, detail)),
            Rejection::AlreadyExists { order_id } => {
                Self::conflict(code, "An order with this reference exists.")
                    .with(json!({ "order_id": order_id }))
            }
            Rejection::CartEmpty => Self::conflict(code, "There is nothing in the cart to order."),
            Rejection::InvalidTransition { current, detail } => Self::conflict(code, detail).with(json!({
                "current_status": current.as_str(),
                "allowed": current.allowed().iter().map(|status| status.as_str()).collect::<Vec<_>>(),
            })),
            Rejection::ItemInactive { skus } => {
                Self::conflict(code, "Some items are not sold any more.").with(json!({ "skus": skus }))
            }
            Rejection::PriceChanged { expected_total, total } => {
                Self::conflict(code, "The total is not what was expected.")
                    .with(json!({ "expected_total": expected_total, "total": total }))
            }
            Rejection::InsufficientStock { shortages } => short_of(code, &shortages),
            Rejection::StockBelowReserved { on_hand, reserved } => {
                Self::conflict(code, "The count would fall below what is promised to orders.")
                    .with(json!({ "on_hand": on_hand, "reserved": reserved }))
            }
            Rejection::StockMismatch { on_hand, reserved } => {
                Self::conflict(code, "The count is not what was expected.")
                    .with(json!({ "on_hand": on_hand, "reserved": reserved }))
            }
            Rejection::PaymentInProgress => {
                Self::conflict(code, "Another payment of this order is in progress.")
            }
            Rejection::PaymentSettled { status } => Self::conflict(code, "The payment has ended already.")
                .with(json!({ "payment_status": status })),
            Rejection::RefundExceedsCaptured { requested, refundable } => {
                Self::conflict(code, "The amount is more than what was captured less what went or goes back.")
                    .with(json!({ "requested": requested, "refundable": refundable }))
            }
            Rejection::AlreadyPaid => Self::conflict(code, "There is nothing left to pay."),
            Rejection::AmountMismatch { expected, balance_due } => {
                Self::conflict(code, "The amount is not what is due.")
                    .with(json!({ "expected": expected, "balance_due": balance_due }))
            }
        }
    }
}

fn short_of(code: &'static str, shortages: &[Shortage]) -> Problem {
    Problem::conflict(code, "Fewer units are available than asked for.")
        .with(json!({ "shortages": shortages }))
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Overloaded => Self::overloaded(),
            SubmitError::Unavailable | SubmitError::Unknown => Self::unavailable(),
            SubmitError::Refused => Self::internal(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a read failed");
        match error {
            StoreError::Conflict(_)
            | StoreError::Unavailable(_)
            | StoreError::Unknown(_)
            | StoreError::Unlearned(_) => Self::unavailable(),
            StoreError::Refused(_) | StoreError::Damaged(_) => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_title_of_its_own() {
        let mut titles: Vec<_> = TITLES.iter().map(|(_, title)| *title).collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), TITLES.len());
        assert_eq!(title("no_such_code"), "Problem");
    }

    #[test]
    fn only_what_may_pass_by_itself_is_retryable() {
        assert!(retryable(Problem::overloaded().0.code));
        assert!(!retryable(Problem::internal().0.code));
        assert!(!retryable(Problem::not_found().0.code));
    }

    fn check(problem: impl Into<Problem>, status: u16, code: &str) {
        let problem = problem.into();
        assert_eq!((problem.0.status.as_u16(), problem.0.code), (status, code));
        let waits = problem.0.headers.iter().any(|(name, _)| name == RETRY_AFTER);
        assert_eq!(waits, status == 503, "{code}");
    }

    #[test]
    fn refusals_and_failures_have_the_contracts_statuses() {
        let money = earmark_core::Money::ZERO;
        let (expected, total, balance_due) = (money, money, money);
        let current = earmark_core::orders::OrderStatus::Created;
        check(Rejection::IdempotencyKeyReused, 422, "idempotency_key_reused");
        check(Rejection::NotFound, 404, "not_found");
        check(Rejection::VersionMismatch { version: 1 }, 412, "version_mismatch");
        check(Rejection::Invalid { pointer: "/a".into(), detail: "b".into() }, 400, "invalid_request");
        check(Rejection::AlreadyExists { order_id: earmark_core::ids::OrderId(1) }, 409, "already_exists");
        check(Rejection::CartEmpty, 409, "cart_empty");
        check(Rejection::InvalidTransition { current, detail: "b".into() }, 409, "invalid_transition");
        check(Rejection::ItemInactive { skus: Vec::new() }, 409, "item_inactive");
        check(Rejection::PriceChanged { expected_total: expected, total }, 409, "price_changed");
        check(Rejection::InsufficientStock { shortages: Vec::new() }, 409, "insufficient_stock");
        check(Rejection::StockBelowReserved { on_hand: 1, reserved: 1 }, 409, "stock_below_reserved");
        check(Rejection::StockMismatch { on_hand: 1, reserved: 1 }, 409, "stock_mismatch");
        check(Rejection::PaymentInProgress, 409, "payment_in_progress");
        check(Rejection::AlreadyPaid, 409, "already_paid");
        check(Rejection::AmountMismatch { expected, balance_due }, 409, "amount_mismatch");
        check(SubmitError::Overloaded, 503, "overloaded");
        check(SubmitError::Unavailable, 503, "unavailable");
        check(SubmitError::Unknown, 503, "unavailable");
        check(SubmitError::Refused, 500, "internal");
        check(StoreError::Unavailable("secret".into()), 503, "unavailable");
        check(StoreError::Damaged("secret".into()), 500, "internal");
    }

    #[test]
    fn nothing_internal_is_shown() {
        let problem = Problem::from(StoreError::Damaged("table orders, row 7".into()));
        let shown = format!("{:?}", problem.0.detail) + &format!("{:?}", problem.0.extra);
        assert!(!shown.contains("orders") && !shown.contains("row"), "{shown}");
    }
}

//! Which status and code has each rejection of the core, each error of the store, and each refusal
//! of the door?

use axum::http::StatusCode;
use earmark_core::Rejection;
use earmark_door::Refusal;
use earmark_store::{StoreError, SubmitError};
use serde_json::json;

use super::Problem;
use crate::field_error::FieldError;

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
                    .with_members(json!({ "order_id": order_id }))
            }
            Rejection::CartEmpty => Self::conflict(code, "There is nothing in the cart to order."),
            Rejection::InvalidTransition { current, detail } => {
                Self::conflict(code, detail).with_members(json!({
                    "current_status": current.as_str(),
                    "allowed": current.allowed().iter().map(|status| status.as_str()).collect::<Vec<_>>(),
                }))
            }
            Rejection::ItemInactive { skus } => Self::conflict(code, "Some items are not sold any more.")
                .with_members(json!({ "skus": skus })),
            Rejection::PriceChanged { expected_total, total } => {
                Self::conflict(code, "The total is not what was expected.")
                    .with_members(json!({ "expected_total": expected_total, "total": total }))
            }
            Rejection::InsufficientStock { shortages } => {
                Self::conflict(code, "Fewer units are available than asked for.")
                    .with_members(json!({ "shortages": shortages }))
            }
            Rejection::StockBelowReserved { on_hand, reserved } => {
                Self::conflict(code, "The count would fall below what is promised to orders.")
                    .with_members(json!({ "on_hand": on_hand, "reserved": reserved }))
            }
            Rejection::StockMismatch { on_hand, reserved } => {
                Self::conflict(code, "The count is not what was expected.")
                    .with_members(json!({ "on_hand": on_hand, "reserved": reserved }))
            }
            Rejection::PaymentInProgress => {
                Self::conflict(code, "Another payment of this order is in progress.")
            }
            Rejection::PaymentSettled { status } => Self::conflict(code, "The payment has ended already.")
                .with_members(json!({ "payment_status": status })),
            Rejection::RefundExceedsCaptured { requested, refundable } => {
                Self::conflict(code, "The amount is more than what was captured less what went or goes back.")
                    .with_members(json!({ "requested": requested, "refundable": refundable }))
            }
            Rejection::AlreadyPaid => Self::conflict(code, "There is nothing left to pay."),
            Rejection::AmountMismatch { expected, balance_due } => {
                Self::conflict(code, "The amount is not what is due.")
                    .with_members(json!({ "expected": expected, "balance_due": balance_due }))
            }
        }
    }
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

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::MalformedAuthorization => {
                Self::unauthorized("Send one header `Authorization: Bearer <token>`.")
            }
            Refusal::InvalidToken => {
                Self::unauthorized("The token is not valid: unknown, expired or revoked.")
            }
            Refusal::Overloaded => Self::overloaded(),
            Refusal::BodyTooLarge { bytes_max } => Self::body_too_large(bytes_max),
            Refusal::BodyTimeout => Self::request_timeout(),
            Refusal::BodyIncomplete => {
                Self::invalid_one(FieldError::body("", "the body ended before it was complete"))
            }
            Refusal::Store(error) => Self::from(error),
            Refusal::Panicked => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::RETRY_AFTER;

    use super::*;

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

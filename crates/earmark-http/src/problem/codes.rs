//! Which codes can a problem have? Each with its title, and whether to try again.
//!
//! A code is a part of the contract: clients branch on it, and OpenAPI lists them all.

/// All codes with their titles.
const TITLES: [(&str, &str); 28] = [
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
    ("internal", "Internal error"),
    ("overloaded", "Overloaded"),
    ("unavailable", "Unavailable"),
];

/// All codes, for the description.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    TITLES.iter().map(|(code, _)| *code)
}

pub(super) fn title(code: &str) -> &'static str {
    TITLES.iter().find(|(known, _)| *known == code).map_or("Problem", |(_, title)| title)
}

/// Whether the same request, sent again a little later, may work.
pub(super) fn retryable(code: &str) -> bool {
    matches!(code, "payment_in_progress" | "request_timeout" | "overloaded" | "unavailable")
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
        assert!(retryable("overloaded"));
        assert!(!retryable("internal"));
        assert!(!retryable("not_found"));
    }
}

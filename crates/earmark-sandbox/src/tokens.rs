//! What the token of a charge decides: whether the money is taken, and which fault happens the
//! first time. The plain tokens mean the same as in the sandbox of `earmark-workers`.

use crate::faults::Fault;

/// How a charge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChargeResult {
    Captured,
    /// With the decline code.
    Declined(&'static str),
}

/// The result of a charge with a token that does not exist.
pub(crate) const INVALID: ChargeResult = ChargeResult::Declined("invalid_token");

/// A token whose charge is made, and about which every answer gives a wrong amount.
pub(crate) const WRONG_AMOUNT: &str = "tok_wrong_amount";

/// How a charge with this token ends if no fault happens.
pub(crate) fn charge_result(token: &str) -> ChargeResult {
    match token {
        "tok_ok" | "tok_timeout_ok" | "tok_error" | WRONG_AMOUNT => ChargeResult::Captured,
        "tok_declined" | "tok_timeout_declined" => ChargeResult::Declined("insufficient_funds"),
        _ if charge_fault(token).is_some() || refund_fault(token).is_some() => ChargeResult::Captured,
        _ => INVALID,
    }
}

/// The fault that a charge with this token has the first time that it is requested.
pub(crate) fn charge_fault(token: &str) -> Option<Fault> {
    match token {
        "tok_error" => Some(Fault::ErrorBefore),
        "tok_timeout_ok" | "tok_timeout_declined" => Some(Fault::SilentAfter),
        _ => token.strip_prefix("tok_fault_").and_then(|name| name.parse().ok()),
    }
}

/// The fault that each refund of a charge with this token has the first time that it is requested.
pub(crate) fn refund_fault(token: &str) -> Option<Fault> {
    token.strip_prefix("tok_refund_fault_").and_then(|name| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_mean_what_the_contract_says() {
        for (token, result) in [
            ("tok_ok", ChargeResult::Captured),
            ("tok_timeout_ok", ChargeResult::Captured),
            ("tok_error", ChargeResult::Captured),
            ("tok_declined", ChargeResult::Declined("insufficient_funds")),
            ("tok_timeout_declined", ChargeResult::Declined("insufficient_funds")),
            ("tok_wrong_amount", ChargeResult::Captured),
            ("tok_anything", INVALID),
            ("tok_fault_anything", INVALID),
            ("tok_fault_reset_after", ChargeResult::Captured),
        ] {
            assert_eq!(charge_result(token), result, "{token}");
        }
        assert_eq!(charge_fault("tok_fault_reset_after"), Some(Fault::ResetAfter));
        assert_eq!(refund_fault("tok_refund_fault_silent_before"), Some(Fault::SilentBefore));
    }
}

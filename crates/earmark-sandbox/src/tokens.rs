//! What does a token say? The same as in the sandbox in process, and which fault to have, once.

use crate::faults::Fault;

/// What becomes of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Captured,
    /// Refused for this reason.
    Declined(&'static str),
}

/// A token that names nothing.
pub(crate) const INVALID: Verdict = Verdict::Declined("invalid_token");

/// A token whose charge is never spoken of with the right amount.
pub(crate) const WRONG_AMOUNT: &str = "tok_wrong_amount";

/// How a charge with this token goes, faults aside.
pub(crate) fn verdict(token: &str) -> Verdict {
    match token {
        "tok_ok" | "tok_timeout_ok" | "tok_error" | WRONG_AMOUNT => Verdict::Captured,
        "tok_declined" | "tok_timeout_declined" => Verdict::Declined("insufficient_funds"),
        _ if of_charge(token).is_some() || of_refund(token).is_some() => Verdict::Captured,
        _ => INVALID,
    }
}

/// The fault that a charge with this token has the first time.
pub(crate) fn of_charge(token: &str) -> Option<Fault> {
    match token {
        "tok_error" => Some(Fault::ErrorBefore),
        "tok_timeout_ok" | "tok_timeout_declined" => Some(Fault::SilentAfter),
        _ => token.strip_prefix("tok_fault_").and_then(|name| name.parse().ok()),
    }
}

/// The fault that each refund of a charge with this token has, the first time that it is asked for.
pub(crate) fn of_refund(token: &str) -> Option<Fault> {
    token.strip_prefix("tok_refund_fault_").and_then(|name| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_mean_what_the_contract_says() {
        assert_eq!(verdict("tok_ok"), Verdict::Captured);
        assert_eq!(verdict("tok_timeout_ok"), Verdict::Captured);
        assert_eq!(verdict("tok_error"), Verdict::Captured);
        assert_eq!(verdict("tok_declined"), Verdict::Declined("insufficient_funds"));
        assert_eq!(verdict("tok_timeout_declined"), Verdict::Declined("insufficient_funds"));
        assert_eq!(verdict("tok_wrong_amount"), Verdict::Captured);
        assert_eq!(verdict("tok_anything"), INVALID);
        assert_eq!(verdict("tok_fault_anything"), INVALID);
        assert_eq!(verdict("tok_fault_reset_after"), Verdict::Captured);
        assert_eq!(of_charge("tok_fault_reset_after"), Some(Fault::ResetAfter));
        assert_eq!(of_refund("tok_refund_fault_silent_before"), Some(Fault::SilentBefore));
    }
}

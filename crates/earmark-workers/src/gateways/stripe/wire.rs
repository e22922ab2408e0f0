//! What do Stripe's objects say? Only the fields that are needed, and any word that is not known means that nothing is settled.

use std::collections::HashMap;

use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};
use serde::Deserialize;

use super::OUR_ID;
use crate::gateways::{Charge, ChargeAnswer, Entry, EntryKind, EntryStatus, RefundAnswer, RefundCall, Said};

/// A page of objects.
#[derive(Deserialize)]
pub(super) struct Objects<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// A PaymentIntent.
#[derive(Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    last_payment_error: Option<Refusal>,
    #[serde(default)]
    created: i64,
}

/// A Refund.
#[derive(Deserialize)]
pub(super) struct RefundObject {
    pub(super) id: String,
    #[serde(default)]
    status: Option<String>,
    amount: i64,
    currency: String,
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    created: i64,
}

/// The body of an error.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) error: Refusal,
}

/// Why something was not done.
#[derive(Deserialize)]
pub(super) struct Refusal {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    param: Option<String>,
    #[serde(default)]
    payment_intent: Option<Box<Intent>>,
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|_| Name::parse("declined").expect("a short word is a name"))
}

fn said(metadata: &HashMap<String, String>, amount: (i64, &str), reference: &str) -> Result<Said, String> {
    let (minor, currency) = amount;
    let amount = Money::parse(minor).map_err(|_| "an amount beyond all bounds".to_owned())?;
    let currency = Currency::parse_any_case(currency).map_err(|error| error.to_string())?;
    let id = metadata.get(OUR_ID).cloned().unwrap_or_default();
    Ok(Said { id, amount, currency, reference: Name::parse(reference).ok() })
}

impl Refusal {
    fn decline_code(&self) -> Name {
        name(self.decline_code.as_deref().or(self.code.as_deref()).unwrap_or("card_declined"))
    }

    /// For the log: the words that Stripe has for its errors, nothing that was sent.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.kind, self.code.as_deref().unwrap_or("without a code"))
    }

    /// What this error says about a charge; None: nothing that is definite.
    ///
    /// Validation errors are definite, since nothing has begun. Only those are taken that name the means or the amount: others are mistakes of ours
    /// or of the account, and for a person.
    pub(super) fn of_charge(&self, charge: &Charge) -> Option<ChargeAnswer> {
        let param = self.param.as_deref().unwrap_or_default();
        let code = match (self.kind.as_str(), self.code.as_deref()) {
            ("card_error", _) => self.decline_code(),
            ("invalid_request_error", Some(code @ ("amount_too_small" | "amount_too_large"))) => name(code),
            ("invalid_request_error", _) if param.starts_with("payment_method") => name("invalid_token"),
            _ => return None,
        };
        let said = match &self.payment_intent {
            Some(intent) => intent.said(intent.amount).ok()?,
            // Nothing was made that could be shown; the answer is to this request, over this connection.
            None => {
                let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
                Said { id, amount, currency, reference: None }
            }
        };
        Some(ChargeAnswer::Declined { code, said })
    }

    /// What this error says about a refund; None: nothing that is definite.
    pub(super) fn of_refund(&self, refund: &RefundCall) -> Option<RefundAnswer> {
        let code = match (self.kind.as_str(), self.code.as_deref(), self.param.as_deref()) {
            ("invalid_request_error", Some(code @ ("charge_already_refunded" | "charge_disputed")), _) => {
                code
            }
            ("invalid_request_error", _, Some("amount")) => "more_than_was_charged",
            _ => return None,
        };
        let said = Said {
            id: refund.id.to_string(),
            amount: refund.amount,
            currency: refund.currency,
            reference: None,
        };
        Some(RefundAnswer::Refused { code: name(code), said })
    }
}

impl Intent {
    fn said(&self, minor: i64) -> Result<Said, String> {
        said(&self.metadata, (minor, &self.currency), &self.id)
    }

    /// Whether it was made for this charge.
    pub(super) fn is_of(&self, id: &str) -> bool {
        self.metadata.get(OUR_ID).is_some_and(|ours| ours == id)
    }

    pub(super) fn answer(&self) -> ChargeAnswer {
        let received = self.status == "succeeded";
        let said = match self.said(if received { self.amount_received } else { self.amount }) {
            Ok(said) => said,
            Err(why) => return ChargeAnswer::Unknown { why },
        };
        match (self.status.as_str(), &self.last_payment_error) {
            ("succeeded", _) => ChargeAnswer::Captured(said),
            ("requires_capture", _) => ChargeAnswer::Authorized(said),
            ("canceled", _) => ChargeAnswer::Declined { code: name("canceled"), said },
            // Its secret is given to nobody, so nobody can try it again with another card.
            ("requires_payment_method", Some(refusal)) => {
                ChargeAnswer::Declined { code: refusal.decline_code(), said }
            }
            _ => ChargeAnswer::Unsettled { why: "the PaymentIntent is in no final state".into() },
        }
    }

    pub(super) fn entry(&self) -> Result<Entry, String> {
        let status = match (self.status.as_str(), &self.last_payment_error) {
            ("succeeded", _) => EntryStatus::Done,
            ("requires_capture", _) => EntryStatus::Authorized,
            ("canceled", _) | ("requires_payment_method", Some(_)) => EntryStatus::Refused,
            _ => EntryStatus::Open,
        };
        let minor = if status == EntryStatus::Done { self.amount_received } else { self.amount };
        entry(EntryKind::Charge, status, (self.said(minor)?, self.created))
    }
}

impl RefundObject {
    fn said(&self) -> Result<Said, String> {
        said(&self.metadata, (self.amount, &self.currency), &self.id)
    }

    /// Whether it was made for this refund.
    pub(super) fn is_of(&self, id: &str) -> bool {
        self.metadata.get(OUR_ID).is_some_and(|ours| ours == id)
    }

    pub(super) fn answer(&self) -> RefundAnswer {
        let said = match self.said() {
            Ok(said) => said,
            Err(why) => return RefundAnswer::Unknown { why },
        };
        match self.status.as_deref() {
            Some("succeeded") => RefundAnswer::Succeeded(said),
            Some("failed" | "canceled") => {
                let code = name(self.failure_reason.as_deref().unwrap_or("failed"));
                RefundAnswer::Refused { code, said }
            }
            _ => RefundAnswer::Unsettled { why: "the refund is in no final state".into() },
        }
    }

    pub(super) fn entry(&self) -> Result<Entry, String> {
        let status = match self.status.as_deref() {
            Some("succeeded") => EntryStatus::Done,
            Some("failed" | "canceled") => EntryStatus::Refused,
            _ => EntryStatus::Open,
        };
        entry(EntryKind::Refund, status, (self.said()?, self.created))
    }
}

fn entry(kind: EntryKind, status: EntryStatus, (said, created): (Said, i64)) -> Result<Entry, String> {
    let at = Timestamp(created.checked_mul(1_000_000).ok_or("a time beyond all bounds")?);
    let Said { id, amount, currency, reference } = said;
    let id = Some(id).filter(|id| !id.is_empty());
    let reference = reference.map_or_else(String::new, |reference| reference.to_string());
    Ok(Entry { kind, id, reference, status, amount, currency, at })
}

#[cfg(test)]
mod tests {
    use earmark_core::ids::PaymentId;
    use earmark_core::payments::Token;

    use super::*;

    fn intent(status: &str, more: &str) -> ChargeAnswer {
        let text = format!(
            r#"{{"id":"pi_1","object":"payment_intent","status":"{status}","amount":1999,"amount_received":1998,
                "currency":"usd","metadata":{{"earmark_id":"pay_1"}},"created":1{more}}}"#
        );
        serde_json::from_str::<Intent>(&text).unwrap().answer()
    }

    #[test]
    fn what_was_received_counts_and_not_what_was_asked_for() {
        let ChargeAnswer::Captured(said) = intent("succeeded", "") else { panic!("captured") };
        assert_eq!((said.id.as_str(), said.amount.minor(), said.currency.as_str()), ("pay_1", 1_998, "USD"));
    }

    #[test]
    fn only_final_states_are_final() {
        assert!(matches!(intent("requires_capture", ""), ChargeAnswer::Authorized(_)));
        assert!(matches!(intent("canceled", ""), ChargeAnswer::Declined { .. }));
        let declined = r#","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"lost_card"}"#;
        let ChargeAnswer::Declined { code, .. } = intent("requires_payment_method", declined) else {
            panic!("declined")
        };
        assert_eq!(code.as_str(), "lost_card");
        for status in
            ["processing", "requires_action", "requires_confirmation", "requires_payment_method", "new"]
        {
            assert!(matches!(intent(status, ""), ChargeAnswer::Unsettled { .. }), "{status}");
        }
    }

    #[test]
    fn only_errors_about_means_and_amount_are_declines() {
        let charge = Charge {
            id: PaymentId(1),
            amount: Money::parse(5).unwrap(),
            currency: Currency::parse("USD").unwrap(),
            token: Token::parse("pm_1").unwrap(),
            begun_at: Timestamp(0),
        };
        let judge = |text: &str| {
            let refusal: Refusal = serde_json::from_str(text).unwrap();
            match refusal.of_charge(&charge) {
                Some(ChargeAnswer::Declined { code, .. }) => Some(code.to_string()),
                _ => None,
            }
        };
        for (error, code) in [
            (r#"{"type":"card_error","code":"card_declined"}"#, Some("card_declined")),
            (
                r#"{"type":"invalid_request_error","code":"resource_missing","param":"payment_method"}"#,
                Some("invalid_token"),
            ),
            (
                r#"{"type":"invalid_request_error","code":"amount_too_small","param":"amount"}"#,
                Some("amount_too_small"),
            ),
            (r#"{"type":"invalid_request_error","code":"parameter_unknown","param":"confirm"}"#, None),
            (r#"{"type":"idempotency_error"}"#, None),
            (r#"{"type":"api_error"}"#, None),
            (r#"{}"#, None),
        ] {
            assert_eq!(judge(error).as_deref(), code, "{error}");
        }
    }
}

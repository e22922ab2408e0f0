//! Stripe's objects, with the fields that are needed. A status that is not known leaves the payment
//! undecided; it never counts as a failure.

use std::collections::HashMap;

use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};
use serde::Deserialize;

use crate::gateways::answers::{ChargeAnswer, GatewayRecord, RefundAnswer};
use crate::gateways::calls::{Charge, RefundCall};
use crate::gateways::port::{Entry, EntryKind, EntryStatus};

/// The key of our id in an object's metadata.
pub(super) const OUR_ID: &str = "earmark_id";

/// A page of Stripe's objects.
#[derive(Deserialize)]
pub(super) struct Objects<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// A PaymentIntent, which is a charge.
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

/// A Refund, in Stripe's sense and ours.
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

/// The body of an answer that is an error.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) error: Refusal,
}

/// Why Stripe did not do something.
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

fn record(
    metadata: &HashMap<String, String>,
    minor: i64,
    currency: &str,
    reference: &str,
) -> Result<GatewayRecord, String> {
    let amount = Money::parse(minor).map_err(|_| "an amount beyond all bounds".to_owned())?;
    let currency = Currency::parse_any_case(currency).map_err(|error| error.to_string())?;
    let id = metadata.get(OUR_ID).cloned().unwrap_or_default();
    Ok(GatewayRecord { id, amount, currency, reference: Name::parse(reference).ok() })
}

impl Refusal {
    fn decline_code(&self) -> Name {
        name(self.decline_code.as_deref().or(self.code.as_deref()).unwrap_or("card_declined"))
    }

    /// Stripe's own words for the error, for the log; nothing of what was sent.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.kind, self.code.as_deref().unwrap_or("without a code"))
    }

    /// What this error decides about a charge; None if it decides nothing.
    ///
    /// A validation error is final, since Stripe has begun nothing. It declines the charge only if
    /// it names the token or the amount: other errors are mistakes of ours or of the account, which
    /// a person has to look into.
    pub(super) fn of_charge(&self, charge: &Charge) -> Option<ChargeAnswer> {
        let param = self.param.as_deref().unwrap_or_default();
        let code = match (self.kind.as_str(), self.code.as_deref()) {
            ("card_error", _) => self.decline_code(),
            ("invalid_request_error", Some(code @ ("amount_too_small" | "amount_too_large"))) => name(code),
            ("invalid_request_error", _) if param.starts_with("payment_method") => name("invalid_token"),
            _ => return None,
        };
        let record = match &self.payment_intent {
            Some(intent) => intent.record(intent.amount).ok()?,
            // Stripe made no object, so there is no record to compare. The answer can still only be
            // about this request, since it came over its connection.
            None => {
                let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
                GatewayRecord { id, amount, currency, reference: None }
            }
        };
        Some(ChargeAnswer::Declined { code, record })
    }

    /// What this error decides about a refund; None if it decides nothing.
    pub(super) fn of_refund(&self, refund: &RefundCall) -> Option<RefundAnswer> {
        let code = match (self.kind.as_str(), self.code.as_deref(), self.param.as_deref()) {
            ("invalid_request_error", Some(code @ ("charge_already_refunded" | "charge_disputed")), _) => {
                code
            }
            ("invalid_request_error", _, Some("amount")) => "more_than_was_charged",
            _ => return None,
        };
        let record = GatewayRecord {
            id: refund.id.to_string(),
            amount: refund.amount,
            currency: refund.currency,
            reference: None,
        };
        Some(RefundAnswer::Refused { code: name(code), record })
    }
}

impl Intent {
    fn record(&self, minor: i64) -> Result<GatewayRecord, String> {
        record(&self.metadata, minor, &self.currency, &self.id)
    }

    /// Whether it has this id of ours.
    pub(super) fn is_of(&self, id: &str) -> bool {
        self.metadata.get(OUR_ID).is_some_and(|ours| ours == id)
    }

    pub(super) fn answer(&self) -> ChargeAnswer {
        let received = self.status == "succeeded";
        let record = match self.record(if received { self.amount_received } else { self.amount }) {
            Ok(record) => record,
            Err(why) => return ChargeAnswer::Unknown { why },
        };
        match (self.status.as_str(), &self.last_payment_error) {
            ("succeeded", _) => ChargeAnswer::Captured(record),
            ("requires_capture", _) => ChargeAnswer::Authorized(record),
            ("canceled", _) => ChargeAnswer::Declined { code: name("canceled"), record },
            // Final, since Earmark gives the intent's client secret to no shopper, who could use it
            // to try another card.
            ("requires_payment_method", Some(refusal)) => {
                ChargeAnswer::Declined { code: refusal.decline_code(), record }
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
        entry(EntryKind::Charge, status, self.record(minor)?, self.created)
    }
}

impl RefundObject {
    fn record(&self) -> Result<GatewayRecord, String> {
        record(&self.metadata, self.amount, &self.currency, &self.id)
    }

    /// Whether it has this id of ours.
    pub(super) fn is_of(&self, id: &str) -> bool {
        self.metadata.get(OUR_ID).is_some_and(|ours| ours == id)
    }

    pub(super) fn answer(&self) -> RefundAnswer {
        let record = match self.record() {
            Ok(record) => record,
            Err(why) => return RefundAnswer::Unknown { why },
        };
        match self.status.as_deref() {
            Some("succeeded") => RefundAnswer::Succeeded(record),
            Some("failed" | "canceled") => {
                let code = name(self.failure_reason.as_deref().unwrap_or("failed"));
                RefundAnswer::Refused { code, record }
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
        entry(EntryKind::Refund, status, self.record()?, self.created)
    }
}

/// `created` is in seconds since 1970.
fn entry(kind: EntryKind, status: EntryStatus, record: GatewayRecord, created: i64) -> Result<Entry, String> {
    let at = Timestamp(created.checked_mul(1_000_000).ok_or("a time beyond all bounds")?);
    let GatewayRecord { id, amount, currency, reference } = record;
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
    fn the_amount_received_counts_and_not_the_amount_requested() {
        let ChargeAnswer::Captured(record) = intent("succeeded", "") else { panic!("captured") };
        assert_eq!(
            (record.id.as_str(), record.amount.minor(), record.currency.as_str()),
            ("pay_1", 1_998, "USD")
        );
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
    fn only_errors_about_token_and_amount_are_declines() {
        let charge = Charge {
            id: PaymentId(1),
            amount: Money::parse(5).unwrap(),
            currency: Currency::parse("USD").unwrap(),
            token: Token::parse("pm_1").unwrap(),
            begun_at: Timestamp(0),
        };
        let decline_code = |text: &str| {
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
            assert_eq!(decline_code(error).as_deref(), code, "{error}");
        }
    }
}

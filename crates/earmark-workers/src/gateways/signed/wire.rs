//! The JSON bodies of the protocol. Fields that are not known are ignored, but whatever money
//! depends on must be there and make sense.
//!
//! A status that is not known leaves the payment undecided; it never counts as a failure.

use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gateways::answers::{ChargeAnswer, GatewayRecord, RefundAnswer};
use crate::gateways::port::{Entry, EntryKind, EntryStatus, Page};

/// The body of `PUT /charges/{id}`.
#[derive(Serialize)]
pub(super) struct ChargeRequest<'a> {
    pub(super) amount: i64,
    pub(super) currency: &'a str,
    pub(super) token: &'a str,
    pub(super) capture: bool,
}

/// The body of `PUT /refunds/{id}`.
#[derive(Serialize)]
pub(super) struct RefundRequest<'a> {
    pub(super) charge_id: &'a str,
    pub(super) amount: i64,
    pub(super) currency: &'a str,
}

/// A charge or a refund, as the gateway writes it in answers and lists.
#[derive(Deserialize)]
pub(super) struct ChargeOrRefund {
    id: String,
    status: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    created_at_ms: Option<i64>,
}

/// The body of an answer 4xx.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
}

/// The body of an answer to `GET /entries`.
#[derive(Deserialize)]
pub(super) struct Entries {
    data: Vec<ChargeOrRefund>,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl ChargeOrRefund {
    fn record(&self) -> Result<GatewayRecord, String> {
        let amount = Money::parse(self.amount).map_err(|_| "an amount beyond all bounds".to_owned())?;
        let currency = Currency::parse_any_case(&self.currency).map_err(|error| error.to_string())?;
        Ok(GatewayRecord { id: self.id.clone(), amount, currency, reference: self.reference() })
    }

    /// A reference is for people only, so one that is no name is left out.
    fn reference(&self) -> Option<Name> {
        self.reference.as_deref().and_then(|text| Name::parse(text).ok())
    }

    fn code(&self) -> Name {
        let code = self.decline_code.as_deref().and_then(|text| Name::parse(text).ok());
        code.unwrap_or_else(|| Name::parse("declined").expect("a short word is a name"))
    }

    pub(super) fn charge_answer(&self) -> ChargeAnswer {
        let record = match self.record() {
            Ok(record) => record,
            Err(why) => return ChargeAnswer::Unknown { why },
        };
        match self.status.as_str() {
            "captured" => ChargeAnswer::Captured(record),
            "authorized" => ChargeAnswer::Authorized(record),
            "declined" => ChargeAnswer::Declined { code: self.code(), record },
            "pending" => ChargeAnswer::Unsettled { why: "the gateway says that it is pending".into() },
            _ => ChargeAnswer::Unsettled { why: "a status that is not known".into() },
        }
    }

    pub(super) fn refund_answer(&self) -> RefundAnswer {
        let record = match self.record() {
            Ok(record) => record,
            Err(why) => return RefundAnswer::Unknown { why },
        };
        match self.status.as_str() {
            "succeeded" => RefundAnswer::Succeeded(record),
            "declined" => RefundAnswer::Refused { code: self.code(), record },
            "pending" => RefundAnswer::Unsettled { why: "the gateway says that it is pending".into() },
            _ => RefundAnswer::Unsettled { why: "a status that is not known".into() },
        }
    }

    fn entry(self) -> Result<Entry, String> {
        let GatewayRecord { id, amount, currency, reference } = self.record()?;
        let kind = match self.kind.as_deref() {
            Some("charge") => EntryKind::Charge,
            Some("refund") => EntryKind::Refund,
            _ => return Err("an entry that is neither charge nor refund".into()),
        };
        let status = match self.status.as_str() {
            "captured" | "succeeded" => EntryStatus::Done,
            "authorized" => EntryStatus::Authorized,
            "declined" => EntryStatus::Refused,
            _ => EntryStatus::Open,
        };
        let at_ms = self.created_at_ms.ok_or("an entry without a time")?;
        let at = Timestamp(at_ms.checked_mul(1_000).ok_or("a time beyond all bounds")?);
        let reference = reference.map_or_else(|| id.clone(), |reference| reference.to_string());
        Ok(Entry { kind, id: Some(id), reference, status, amount, currency, at })
    }
}

impl Entries {
    pub(super) fn page(self) -> Result<Page, String> {
        let entries = self.data.into_iter().map(ChargeOrRefund::entry).collect::<Result<_, _>>()?;
        Ok(Page { entries, next: self.next_cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(status: &str, amount: &str) -> ChargeOrRefund {
        let text =
            format!(r#"{{"id":"pay_1","status":"{status}","amount":{amount},"currency":"usd","new":1}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_word_that_is_not_known_is_no_failure() {
        assert!(matches!(with("captured", "5").charge_answer(), ChargeAnswer::Captured(_)));
        assert!(matches!(with("authorized", "5").charge_answer(), ChargeAnswer::Authorized(_)));
        assert!(matches!(with("declined", "5").charge_answer(), ChargeAnswer::Declined { .. }));
        for word in ["pending", "frozen", "", "CAPTURED"] {
            assert!(matches!(with(word, "5").charge_answer(), ChargeAnswer::Unsettled { .. }), "{word}");
            assert!(matches!(with(word, "5").refund_answer(), RefundAnswer::Unsettled { .. }), "{word}");
        }
    }

    #[test]
    fn an_amount_that_is_none_is_nothing_to_rely_on() {
        assert!(matches!(
            with("captured", "9223372036854775807").charge_answer(),
            ChargeAnswer::Unknown { .. }
        ));
        for wrong in ["5.0", "\"5\"", "null", "-9223372036854775809"] {
            let text = format!(r#"{{"id":"p","status":"captured","amount":{wrong},"currency":"USD"}}"#);
            assert!(serde_json::from_str::<ChargeOrRefund>(&text).is_err(), "{wrong}");
        }
    }
}

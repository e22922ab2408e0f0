//! What do the bodies of the protocol say? Parsed leniently in what may grow, and strictly in what money depends on.
//!
//! A word that we do not know is unknown, never a failure.

use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::gateways::{ChargeAnswer, Entry, EntryKind, EntryStatus, Page, RefundAnswer, Said};

/// `PUT /charges/{id}`.
#[derive(Serialize)]
pub(super) struct ChargeRequest<'a> {
    pub(super) amount: i64,
    pub(super) currency: &'a str,
    pub(super) token: &'a str,
    pub(super) capture: bool,
}

/// `PUT /refunds/{id}`.
#[derive(Serialize)]
pub(super) struct RefundRequest<'a> {
    pub(super) charge_id: &'a str,
    pub(super) amount: i64,
    pub(super) currency: &'a str,
}

/// A charge or a refund, as the gateway shows it.
#[derive(Deserialize)]
pub(super) struct Shown {
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

/// The body of an error.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
}

/// `GET /entries`.
#[derive(Deserialize)]
pub(super) struct Entries {
    data: Vec<Shown>,
    #[serde(default)]
    next_cursor: Option<String>,
}

impl Shown {
    fn said(&self) -> Result<Said, String> {
        let amount = Money::parse(self.amount).map_err(|_| "an amount beyond all bounds".to_owned())?;
        let currency = Currency::parse_any_case(&self.currency).map_err(|error| error.to_string())?;
        Ok(Said { id: self.id.clone(), amount, currency, reference: self.reference() })
    }

    /// A reference is for people; one that is no name is left out.
    fn reference(&self) -> Option<Name> {
        self.reference.as_deref().and_then(|text| Name::parse(text).ok())
    }

    fn code(&self) -> Name {
        let said = self.decline_code.as_deref().and_then(|text| Name::parse(text).ok());
        said.unwrap_or_else(|| Name::parse("declined").expect("a short word is a name"))
    }

    pub(super) fn charge(&self) -> ChargeAnswer {
        let said = match self.said() {
            Ok(said) => said,
            Err(why) => return ChargeAnswer::Unknown { why },
        };
        match self.status.as_str() {
            "captured" => ChargeAnswer::Captured(said),
            "authorized" => ChargeAnswer::Authorized(said),
            "declined" => ChargeAnswer::Declined { code: self.code(), said },
            "pending" => ChargeAnswer::Unsettled { why: "the gateway says that it is pending".into() },
            _ => ChargeAnswer::Unsettled { why: "a status that is not known".into() },
        }
    }

    pub(super) fn refund(&self) -> RefundAnswer {
        let said = match self.said() {
            Ok(said) => said,
            Err(why) => return RefundAnswer::Unknown { why },
        };
        match self.status.as_str() {
            "succeeded" => RefundAnswer::Succeeded(said),
            "declined" => RefundAnswer::Refused { code: self.code(), said },
            "pending" => RefundAnswer::Unsettled { why: "the gateway says that it is pending".into() },
            _ => RefundAnswer::Unsettled { why: "a status that is not known".into() },
        }
    }

    fn entry(self) -> Result<Entry, String> {
        let said = self.said()?;
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
        let Said { id, amount, currency, reference } = said;
        let reference = reference.map_or_else(|| id.clone(), |reference| reference.to_string());
        Ok(Entry { kind, id: Some(id), reference, status, amount, currency, at })
    }
}

impl Entries {
    pub(super) fn page(self) -> Result<Page, String> {
        let entries = self.data.into_iter().map(Shown::entry).collect::<Result<_, _>>()?;
        Ok(Page { entries, next: self.next_cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(status: &str, amount: &str) -> Shown {
        let text =
            format!(r#"{{"id":"pay_1","status":"{status}","amount":{amount},"currency":"usd","new":1}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_word_that_is_not_known_is_no_failure() {
        assert!(matches!(shown("captured", "5").charge(), ChargeAnswer::Captured(_)));
        assert!(matches!(shown("authorized", "5").charge(), ChargeAnswer::Authorized(_)));
        assert!(matches!(shown("declined", "5").charge(), ChargeAnswer::Declined { .. }));
        for word in ["pending", "frozen", "", "CAPTURED"] {
            assert!(matches!(shown(word, "5").charge(), ChargeAnswer::Unsettled { .. }), "{word}");
            assert!(matches!(shown(word, "5").refund(), RefundAnswer::Unsettled { .. }), "{word}");
        }
    }

    #[test]
    fn an_amount_that_is_none_is_nothing_to_rely_on() {
        assert!(matches!(shown("captured", "9223372036854775807").charge(), ChargeAnswer::Unknown { .. }));
        for wrong in ["5.0", "\"5\"", "null", "-9223372036854775809"] {
            let text = format!(r#"{{"id":"p","status":"captured","amount":{wrong},"currency":"USD"}}"#);
            assert!(serde_json::from_str::<Shown>(&text).is_err(), "{wrong}");
        }
    }
}

//! What a gateway answered, and whether it is about the call that was made. An answer with another
//! id, amount or currency is never believed.
//!
//! Invariant: [`Charged::Taken`] and [`Refunded::Returned`] are made here and nowhere else, after
//! that comparison.

use earmark_core::text::Name;
use earmark_core::{Currency, Money};

use super::breaker::CallEnd;
use super::calls::{Charge, RefundCall};

/// What a gateway has on record under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRecord {
    /// Our id, as the gateway gives it back; empty if it gives none.
    pub id: String,
    pub amount: Money,
    pub currency: Currency,
    /// The gateway's own id; None if it is no [`Name`].
    pub reference: Option<Name>,
}

/// A gateway's answer about a charge, not compared with the call yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeAnswer {
    /// It has taken the money.
    Captured(GatewayRecord),
    /// It holds the money back on the card and has not taken it: the first of two steps.
    Authorized(GatewayRecord),
    /// It has refused, finally.
    Declined { code: Name, record: GatewayRecord },
    /// It answered, and nothing is decided: the charge is pending, a status is not known, or the
    /// gateway does not accept the request itself. The text is for the log.
    Unsettled { why: String },
    /// It has no such charge. Only a look-up is answered so.
    NotFound,
    /// There is no answer that can be relied on. The text is for the log.
    Unknown { why: String },
}

/// A gateway's answer about a refund, not compared with the call yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The money is back, or irrevocably on its way.
    Succeeded(GatewayRecord),
    /// It has refused, finally.
    Refused { code: Name, record: GatewayRecord },
    /// It answered, and nothing is decided: the refund is pending, a status is not known, or the
    /// gateway does not accept the request itself. The text is for the log.
    Unsettled { why: String },
    /// It has no such refund. Only a look-up is answered so.
    NotFound,
    /// There is no answer that can be relied on. The text is for the log.
    Unknown { why: String },
}

/// Why an answer was not believed, for a person to look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch(pub(crate) String);

/// What is believed about a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Charged {
    Taken { reference: Option<Name> },
    Declined { code: Name, reference: Option<Name> },
    NotFound,
    Unknown { why: String },
}

/// What is believed about a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refunded {
    Returned,
    Refused { code: Name },
    NotFound,
    Unknown { why: String },
}

impl GatewayRecord {
    fn compare(&self, id: &str, amount: Money, currency: Currency) -> Result<(), Mismatch> {
        if self.id == id && self.amount == amount && self.currency == currency {
            return Ok(());
        }
        let (theirs, ours) = (self.amount.minor(), amount.minor());
        Err(Mismatch(format!(
            "the gateway speaks of {theirs} {} under {:?}; asked for was {ours} {currency} under {id}",
            self.currency, self.id
        )))
    }
}

impl ChargeAnswer {
    /// What it tells the breaker.
    pub(crate) fn call_end(&self) -> CallEnd {
        if matches!(self, Self::Unknown { .. }) { CallEnd::Unanswered } else { CallEnd::Answered }
    }

    /// What can be believed of this answer, if it answers this call.
    pub(crate) fn compared_with(self, charge: &Charge) -> Result<Charged, Mismatch> {
        let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
        match self {
            Self::Captured(record) => {
                record.compare(&id, amount, currency)?;
                Ok(Charged::Taken { reference: record.reference })
            }
            Self::Declined { code, record } => {
                record.compare(&id, amount, currency)?;
                Ok(Charged::Declined { code, reference: record.reference })
            }
            Self::Authorized(record) => {
                record.compare(&id, amount, currency)?;
                // Earmark never sends a capture: a gateway that only authorizes captures on its own
                // later, so the charge is looked up until it has.
                Ok(Charged::Unknown { why: "authorized and not captured".into() })
            }
            Self::NotFound => Ok(Charged::NotFound),
            Self::Unsettled { why } | Self::Unknown { why } => Ok(Charged::Unknown { why }),
        }
    }
}

impl RefundAnswer {
    /// What it tells the breaker.
    pub(crate) fn call_end(&self) -> CallEnd {
        if matches!(self, Self::Unknown { .. }) { CallEnd::Unanswered } else { CallEnd::Answered }
    }

    /// What can be believed of this answer, if it answers this call.
    pub(crate) fn compared_with(self, refund: &RefundCall) -> Result<Refunded, Mismatch> {
        let (id, amount, currency) = (refund.id.to_string(), refund.amount, refund.currency);
        match self {
            Self::Succeeded(record) => record.compare(&id, amount, currency).map(|()| Refunded::Returned),
            Self::Refused { code, record } => {
                record.compare(&id, amount, currency).map(|()| Refunded::Refused { code })
            }
            Self::NotFound => Ok(Refunded::NotFound),
            Self::Unsettled { why } | Self::Unknown { why } => Ok(Refunded::Unknown { why }),
        }
    }
}

#[cfg(test)]
mod tests {
    use earmark_core::Timestamp;
    use earmark_core::ids::{PaymentId, RefundId};
    use earmark_core::payments::Token;

    use super::*;

    fn money(minor: i64) -> Money {
        Money::parse(minor).unwrap()
    }

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    fn charge() -> Charge {
        let token = Token::parse("tok_ok").unwrap();
        Charge { id: PaymentId(7), amount: money(1_999), currency: euro(), token, begun_at: Timestamp(0) }
    }

    fn record(id: &str, minor: i64, currency: &str) -> GatewayRecord {
        let currency = Currency::parse_any_case(currency).unwrap();
        GatewayRecord { id: id.into(), amount: money(minor), currency, reference: None }
    }

    #[test]
    fn an_answer_about_something_else_is_never_believed() {
        let (charge, id) = (charge(), PaymentId(7).to_string());
        let code = Name::parse("no").unwrap();
        let wrong = [
            record(&PaymentId(8).to_string(), 1_999, "EUR"),
            record(&id, 1_998, "EUR"),
            record(&id, 1_999, "USD"),
            record("", 1_999, "EUR"),
        ];
        for record in wrong {
            assert!(ChargeAnswer::Captured(record.clone()).compared_with(&charge).is_err(), "{record:?}");
            assert!(ChargeAnswer::Authorized(record.clone()).compared_with(&charge).is_err(), "{record:?}");
            let declined = ChargeAnswer::Declined { code: code.clone(), record: record.clone() };
            assert!(declined.compared_with(&charge).is_err(), "{record:?}");
        }
        let right = ChargeAnswer::Captured(record(&id, 1_999, "eur")).compared_with(&charge);
        assert_eq!(right, Ok(Charged::Taken { reference: None }));
    }

    #[test]
    fn an_authorization_is_not_yet_money() {
        let id = PaymentId(7).to_string();
        let answer = ChargeAnswer::Authorized(record(&id, 1_999, "EUR")).compared_with(&charge());
        assert!(matches!(answer, Ok(Charged::Unknown { .. })), "{answer:?}");
    }

    #[test]
    fn a_refund_of_another_amount_is_never_believed() {
        let refund = RefundCall {
            id: RefundId(1),
            payment_id: PaymentId(7),
            payment_reference: None,
            amount: money(5),
            currency: euro(),
            begun_at: Timestamp(0),
        };
        let id = RefundId(1).to_string();
        assert!(RefundAnswer::Succeeded(record(&id, 6, "EUR")).compared_with(&refund).is_err());
        assert_eq!(
            RefundAnswer::Succeeded(record(&id, 5, "EUR")).compared_with(&refund),
            Ok(Refunded::Returned)
        );
    }
}

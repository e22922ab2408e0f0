//! What did a gateway say, and is it about what we asked? An answer whose id, amount or currency is not ours is never believed.
//!
//! Invariant: [`Charged::Taken`] and [`Refunded::Returned`] are made here and nowhere else, after the comparison.

use earmark_core::text::Name;
use earmark_core::{Currency, Money, Timestamp};

use super::{Charge, RefundCall};

/// What a gateway says that it holds under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Our id, as the gateway gives it back.
    pub id: String,
    /// How much it says it was.
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
    /// Its own id of it.
    pub reference: Option<Name>,
}

/// What a gateway said about a charge, not compared yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeAnswer {
    /// It took the money.
    Captured(Said),
    /// It holds the money back and has not taken it: the first of two steps.
    Authorized(Said),
    /// It refused.
    Declined {
        /// Why.
        code: Name,
        /// What it refused.
        said: Said,
    },
    /// It answered, and nothing is settled yet: pending, a word that is not known, a request that it cannot make sense of.
    Unsettled {
        /// For the log.
        why: String,
    },
    /// It has never heard of it (look-ups only).
    NotFound,
    /// Nothing that can be relied on.
    Unknown {
        /// For the log.
        why: String,
    },
}

/// What a gateway said about a refund, not compared yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The money is back, or irrevocably on its way.
    Succeeded(Said),
    /// It refused.
    Refused {
        /// Why.
        code: Name,
        /// What it refused.
        said: Said,
    },
    /// It answered, and nothing is settled yet: pending, a word that is not known, a request that it cannot make sense of.
    Unsettled {
        /// For the log.
        why: String,
    },
    /// It has never heard of it (look-ups only).
    NotFound,
    /// Nothing that can be relied on.
    Unknown {
        /// For the log.
        why: String,
    },
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

impl Said {
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
    /// Whether the gateway gave an answer at all, whatever it was.
    pub(crate) fn is_heard(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }

    /// What can be believed of it, as an answer to this request.
    pub(crate) fn compared_with(self, charge: &Charge) -> Result<Charged, Mismatch> {
        let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
        match self {
            Self::Captured(said) => {
                said.compare(&id, amount, currency)?;
                Ok(Charged::Taken { reference: said.reference })
            }
            Self::Declined { code, said } => {
                said.compare(&id, amount, currency)?;
                Ok(Charged::Declined { code, reference: said.reference })
            }
            Self::Authorized(said) => {
                said.compare(&id, amount, currency)?;
                // Only one step is offered: whoever authorizes alone has to capture by itself, and is asked until it has.
                Ok(Charged::Unknown { why: "authorized and not captured".into() })
            }
            Self::NotFound => Ok(Charged::NotFound),
            Self::Unsettled { why } | Self::Unknown { why } => Ok(Charged::Unknown { why }),
        }
    }
}

impl RefundAnswer {
    /// Whether the gateway gave an answer at all, whatever it was.
    pub(crate) fn is_heard(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }

    /// What can be believed of it, as an answer to this request.
    pub(crate) fn compared_with(self, refund: &RefundCall) -> Result<Refunded, Mismatch> {
        let (id, amount, currency) = (refund.id.to_string(), refund.amount, refund.currency);
        match self {
            Self::Succeeded(said) => said.compare(&id, amount, currency).map(|()| Refunded::Returned),
            Self::Refused { code, said } => {
                said.compare(&id, amount, currency).map(|()| Refunded::Refused { code })
            }
            Self::NotFound => Ok(Refunded::NotFound),
            Self::Unsettled { why } | Self::Unknown { why } => Ok(Refunded::Unknown { why }),
        }
    }
}

/// A page of what a gateway says that it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// In the gateway's order.
    pub entries: Vec<Entry>,
    /// Where the next page begins; None: this was the last.
    pub next: Option<String>,
}

/// A charge or refund, as the gateway has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which of the two.
    pub kind: EntryKind,
    /// Our id; None where it was not made by us.
    pub id: Option<String>,
    /// The gateway's own id.
    pub reference: String,
    /// Where it stands.
    pub status: EntryStatus,
    /// How much.
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
    /// When it was made.
    pub at: Timestamp,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Money taken.
    Charge,
    /// Money given back.
    Refund,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    /// The money has moved.
    Done,
    /// It is held back and not taken.
    Authorized,
    /// It has not moved and will not.
    Refused,
    /// Not known yet, or a word that we do not know.
    Open,
}

#[cfg(test)]
mod tests {
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

    fn said(id: &str, minor: i64, currency: &str) -> Said {
        let currency = Currency::parse_any_case(currency).unwrap();
        Said { id: id.into(), amount: money(minor), currency, reference: None }
    }

    #[test]
    fn an_answer_about_something_else_is_never_believed() {
        let (charge, id) = (charge(), PaymentId(7).to_string());
        let code = Name::parse("no").unwrap();
        let wrong = [
            said(&PaymentId(8).to_string(), 1_999, "EUR"),
            said(&id, 1_998, "EUR"),
            said(&id, 1_999, "USD"),
            said("", 1_999, "EUR"),
        ];
        for said in wrong {
            assert!(ChargeAnswer::Captured(said.clone()).compared_with(&charge).is_err(), "{said:?}");
            assert!(ChargeAnswer::Authorized(said.clone()).compared_with(&charge).is_err(), "{said:?}");
            let declined = ChargeAnswer::Declined { code: code.clone(), said: said.clone() };
            assert!(declined.compared_with(&charge).is_err(), "{said:?}");
        }
        let right = ChargeAnswer::Captured(said(&id, 1_999, "eur")).compared_with(&charge);
        assert_eq!(right, Ok(Charged::Taken { reference: None }));
    }

    #[test]
    fn an_authorization_is_not_yet_money() {
        let id = PaymentId(7).to_string();
        let answer = ChargeAnswer::Authorized(said(&id, 1_999, "EUR")).compared_with(&charge());
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
        assert!(RefundAnswer::Succeeded(said(&id, 6, "EUR")).compared_with(&refund).is_err());
        assert_eq!(
            RefundAnswer::Succeeded(said(&id, 5, "EUR")).compared_with(&refund),
            Ok(Refunded::Returned)
        );
    }
}

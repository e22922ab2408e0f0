//! A gateway to try with, in this process: the token decides how a charge ends.
//!
//! `tok_ok` succeeds and `tok_declined` is declined. `tok_timeout_ok` and `tok_timeout_declined`
//! give no answer in time; a later look-up finds the charge made or declined. `tok_error` fails
//! first and then works. Any other token is declined as `invalid_token`. Charges are kept in memory
//! only: after a restart none is found, and the same call makes it again. `earmark sandbox-gateway`
//! runs the same as a server.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use earmark_core::Money;
use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::text::Name;

use super::answers::{ChargeAnswer, GatewayRecord, RefundAnswer};
use super::calls::{Charge, RefundCall, TimeRange};
use super::port::{Entry, EntryKind, EntryStatus, Page, PaymentGateway};

/// The gateway that moves no money.
#[derive(Default)]
pub struct Sandbox {
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Ledger {
    charges: HashMap<PaymentId, SandboxCharge>,
    refunds: HashMap<RefundId, (RefundCall, RefundAnswer)>,
    /// Charges with `tok_error` that have failed once.
    failed_once: HashSet<PaymentId>,
}

struct SandboxCharge {
    charge: Charge,
    /// How much of it has been refunded.
    refunded: Money,
    answer: ChargeAnswer,
}

/// How long a charge with a `tok_timeout_` token waits; longer than any timeout.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(3_600);

impl Sandbox {
    /// A sandbox without charges.
    pub fn new() -> Self {
        Self::default()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a short text is a name")
}

fn answer_to(charge: &Charge) -> ChargeAnswer {
    let record = GatewayRecord {
        id: charge.id.to_string(),
        amount: charge.amount,
        currency: charge.currency,
        reference: Some(name(&format!("sandbox_{}", charge.id))),
    };
    match charge.token.as_str() {
        "tok_ok" | "tok_timeout_ok" | "tok_error" => ChargeAnswer::Captured(record),
        "tok_declined" | "tok_timeout_declined" => {
            ChargeAnswer::Declined { code: name("insufficient_funds"), record }
        }
        _ => ChargeAnswer::Declined { code: name("invalid_token"), record },
    }
}

impl Ledger {
    fn refund(&mut self, refund: &RefundCall) -> RefundAnswer {
        let id = refund.id.to_string();
        let record = GatewayRecord { id, amount: refund.amount, currency: refund.currency, reference: None };
        match self.charges.get_mut(&refund.payment_id) {
            // Charged before a restart: how much is no longer known, so the refund is accepted.
            None => RefundAnswer::Succeeded(record),
            Some(charged) => match charged.refunded.plus(refund.amount) {
                Ok(refunded) if refunded <= charged.charge.amount => {
                    charged.refunded = refunded;
                    RefundAnswer::Succeeded(record)
                }
                _ => RefundAnswer::Refused { code: name("more_than_was_charged"), record },
            },
        }
    }
}

#[async_trait]
impl PaymentGateway for Sandbox {
    fn name(&self) -> Name {
        name("sandbox")
    }

    async fn charge(&self, charge: &Charge) -> ChargeAnswer {
        let silent = charge.token.as_str().starts_with("tok_timeout_");
        let answer = {
            let mut ledger = self.ledger();
            if charge.token.as_str() == "tok_error" && ledger.failed_once.insert(charge.id) {
                return ChargeAnswer::Unknown { why: "the sandbox answered 500".into() };
            }
            let new =
                || SandboxCharge { charge: charge.clone(), refunded: Money::ZERO, answer: answer_to(charge) };
            ledger.charges.entry(charge.id).or_insert_with(new).answer.clone()
        };
        if silent {
            tokio::time::sleep(SILENCE).await;
        }
        answer
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        self.ledger().charges.get(&charge.id).map_or(ChargeAnswer::NotFound, |known| known.answer.clone())
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        let mut ledger = self.ledger();
        if let Some((_, answer)) = ledger.refunds.get(&refund.id) {
            return answer.clone();
        }
        let answer = ledger.refund(refund);
        ledger.refunds.insert(refund.id, (refund.clone(), answer.clone()));
        answer
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        self.ledger().refunds.get(&refund.id).map_or(RefundAnswer::NotFound, |(_, answer)| answer.clone())
    }

    async fn list(&self, range: TimeRange, _cursor: Option<&str>) -> Result<Page, String> {
        let ledger = self.ledger();
        let charges = ledger.charges.values().map(|known| {
            let status = match &known.answer {
                ChargeAnswer::Captured(_) => EntryStatus::Done,
                _ => EntryStatus::Refused,
            };
            let Charge { id, amount, currency, begun_at: at, .. } = &known.charge;
            let reference = format!("sandbox_{id}");
            let (kind, id, at) = (EntryKind::Charge, Some(id.to_string()), *at);
            Entry { kind, id, reference, status, amount: *amount, currency: *currency, at }
        });
        let refunds = ledger.refunds.values().map(|(refund, answer)| {
            let done = matches!(answer, RefundAnswer::Succeeded(_));
            let RefundCall { id, amount, currency, begun_at: at, .. } = refund;
            let (kind, reference) = (EntryKind::Refund, format!("sandbox_{id}"));
            let (id, at) = (Some(id.to_string()), *at);
            let status = if done { EntryStatus::Done } else { EntryStatus::Refused };
            Entry { kind, id, reference, status, amount: *amount, currency: *currency, at }
        });
        let within = |entry: &Entry| (range.from..range.to).contains(&entry.at);
        let mut entries: Vec<_> = charges.chain(refunds).filter(within).collect();
        entries.sort_by(|one, other| (one.at, &one.reference).cmp(&(other.at, &other.reference)));
        Ok(Page { entries, next: None })
    }
}

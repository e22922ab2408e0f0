//! A gateway to try with, in process: the token says how the charge goes.
//!
//! `tok_ok` succeeds; `tok_declined` is declined; `tok_timeout_ok` and `tok_timeout_declined` give no answer in time, and asked later they
//! succeeded or were declined; `tok_error` fails first, then works; any other is declined as `invalid_token`. What it charged it keeps in memory:
//! after a restart it has never heard of a charge, and takes it again under the same id. `earmark sandbox-gateway` is the same as a server of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use earmark_core::Money;
use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::text::Name;

use super::{
    Charge, ChargeAnswer, Entry, EntryKind, EntryStatus, Page, PaymentGateway, RefundAnswer, RefundCall,
    Said, Stretch,
};

/// The sandbox.
#[derive(Default)]
pub struct Sandbox {
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Ledger {
    charges: HashMap<PaymentId, Taken>,
    refunds: HashMap<RefundId, (RefundCall, RefundAnswer)>,
    /// Charges that failed once, as `tok_error` does.
    stumbled: HashSet<PaymentId>,
}

struct Taken {
    charge: Charge,
    refunded: Money,
    answer: ChargeAnswer,
}

/// How long a call of the sandbox hangs that gives no answer in time.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(3_600);

impl Sandbox {
    /// A sandbox that has charged nothing.
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

fn verdict(charge: &Charge) -> ChargeAnswer {
    let said = Said {
        id: charge.id.to_string(),
        amount: charge.amount,
        currency: charge.currency,
        reference: Some(name(&format!("sandbox_{}", charge.id))),
    };
    match charge.token.as_str() {
        "tok_ok" | "tok_timeout_ok" | "tok_error" => ChargeAnswer::Captured(said),
        "tok_declined" | "tok_timeout_declined" => {
            ChargeAnswer::Declined { code: name("insufficient_funds"), said }
        }
        _ => ChargeAnswer::Declined { code: name("invalid_token"), said },
    }
}

impl Ledger {
    fn judge(&mut self, refund: &RefundCall) -> RefundAnswer {
        let id = refund.id.to_string();
        let said = Said { id, amount: refund.amount, currency: refund.currency, reference: None };
        match self.charges.get_mut(&refund.payment_id) {
            // Charged before a restart: the sandbox has forgotten how much, and believes us.
            None => RefundAnswer::Succeeded(said),
            Some(taken) => match taken.refunded.plus(refund.amount) {
                Ok(refunded) if refunded <= taken.charge.amount => {
                    taken.refunded = refunded;
                    RefundAnswer::Succeeded(said)
                }
                _ => RefundAnswer::Refused { code: name("more_than_was_charged"), said },
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
            if charge.token.as_str() == "tok_error" && ledger.stumbled.insert(charge.id) {
                return ChargeAnswer::Unknown { why: "the sandbox answered 500".into() };
            }
            let fresh = || Taken { charge: charge.clone(), refunded: Money::ZERO, answer: verdict(charge) };
            ledger.charges.entry(charge.id).or_insert_with(fresh).answer.clone()
        };
        if silent {
            tokio::time::sleep(SILENCE).await;
        }
        answer
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        self.ledger().charges.get(&charge.id).map_or(ChargeAnswer::NotFound, |taken| taken.answer.clone())
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        let mut ledger = self.ledger();
        if let Some((_, answer)) = ledger.refunds.get(&refund.id) {
            return answer.clone();
        }
        let answer = ledger.judge(refund);
        ledger.refunds.insert(refund.id, (refund.clone(), answer.clone()));
        answer
    }

    async fn find_refund(&self, refund: &RefundCall) -> RefundAnswer {
        self.ledger().refunds.get(&refund.id).map_or(RefundAnswer::NotFound, |(_, answer)| answer.clone())
    }

    async fn list(&self, stretch: Stretch, _cursor: Option<&str>) -> Result<Page, String> {
        let ledger = self.ledger();
        let charges = ledger.charges.values().map(|taken| {
            let status = match &taken.answer {
                ChargeAnswer::Captured(_) => EntryStatus::Done,
                _ => EntryStatus::Refused,
            };
            let Charge { id, amount, currency, begun_at: at, .. } = &taken.charge;
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
        let within = |entry: &Entry| (stretch.from..stretch.to).contains(&entry.at);
        let mut entries: Vec<_> = charges.chain(refunds).filter(within).collect();
        entries.sort_by(|one, other| (one.at, &one.reference).cmp(&(other.at, &other.reference)));
        Ok(Page { entries, next: None })
    }
}

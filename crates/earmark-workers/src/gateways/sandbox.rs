//! A gateway to try with, in process: the token says how the charge goes.
//!
//! `tok_ok` succeeds; `tok_declined` is declined; `tok_timeout_ok` and `tok_timeout_declined` give no answer in time, and asked later they
//! succeeded or were declined; `tok_error` fails first, then works; any other is declined as `invalid_token`. What it charged it keeps in memory:
//! after a restart it has never heard of a charge, and takes it again under the same id.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use earmark_core::Money;
use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::text::Name;

use super::{Charge, ChargeAnswer, PaymentGateway, RefundAnswer, RefundCall};

/// The sandbox.
#[derive(Default)]
pub struct Sandbox {
    ledger: Mutex<Ledger>,
}

#[derive(Default)]
struct Ledger {
    charges: HashMap<PaymentId, Entry>,
    refunds: HashMap<RefundId, RefundAnswer>,
    /// Charges that failed once, as `tok_error` does.
    stumbled: HashMap<PaymentId, ()>,
}

struct Entry {
    amount: Money,
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
    let reference = Some(name(&format!("sandbox_{}", charge.id)));
    let declined = |code| ChargeAnswer::Declined { code: name(code), reference: reference.clone() };
    match charge.token.as_str() {
        "tok_ok" | "tok_timeout_ok" | "tok_error" => ChargeAnswer::Succeeded { reference },
        "tok_declined" | "tok_timeout_declined" => declined("insufficient_funds"),
        _ => declined("invalid_token"),
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
            if charge.token.as_str() == "tok_error" && ledger.stumbled.insert(charge.id, ()).is_none() {
                return ChargeAnswer::Unknown { why: "the sandbox answered 500".into() };
            }
            let fresh = || Entry { amount: charge.amount, refunded: Money::ZERO, answer: verdict(charge) };
            ledger.charges.entry(charge.id).or_insert_with(fresh).answer.clone()
        };
        if silent {
            tokio::time::sleep(SILENCE).await;
        }
        answer
    }

    async fn find_charge(&self, id: PaymentId) -> ChargeAnswer {
        self.ledger().charges.get(&id).map_or(ChargeAnswer::NotFound, |entry| entry.answer.clone())
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        let mut ledger = self.ledger();
        if let Some(answer) = ledger.refunds.get(&refund.id) {
            return answer.clone();
        }
        let answer = match ledger.charges.get_mut(&refund.payment_id) {
            // Charged before a restart: the sandbox has forgotten how much, and believes us.
            None => RefundAnswer::Succeeded,
            Some(entry) => match entry.refunded.plus(refund.amount) {
                Ok(refunded) if refunded <= entry.amount => {
                    entry.refunded = refunded;
                    RefundAnswer::Succeeded
                }
                _ => RefundAnswer::Refused,
            },
        };
        ledger.refunds.insert(refund.id, answer.clone());
        answer
    }

    async fn find_refund(&self, id: RefundId) -> RefundAnswer {
        self.ledger().refunds.get(&id).cloned().unwrap_or(RefundAnswer::NotFound)
    }
}

//! May a call go out now, how long may it take, and is its answer believed? Stands before the gateway, for all workers of the process.
//!
//! A call that may not go out leaves its row as it is: due. So a gateway that is away costs nothing but a probe now and then, and when it is back all that
//! waited is due at once.

use std::sync::Arc;
use std::time::Duration;

use earmark_core::text::Name;

use super::answers::{Charged, Mismatch, Refunded};
use super::breaker::{Admission, Breaker, Heard};
use super::budget::Budget;
use super::metrics::Metrics;
use super::{Charge, ChargeAnswer, Currency, PaymentGateway, RefundAnswer, RefundCall};

/// A gateway with its breaker, its budget of retries and its patience.
pub struct Guard {
    gateway: Arc<dyn PaymentGateway>,
    currency: Currency,
    timeout: Duration,
    breaker: Breaker,
    budget: Budget,
    metrics: Metrics,
}

/// Whether a call was made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Never, as far as the books know.
    First,
    /// Once or more.
    Again,
}

/// Why a call may not go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The gateway is away; nothing goes out.
    Away,
    /// Too many retries for what is answered; first calls still go out.
    Spent,
}

/// The right to ask the gateway about one payment or refund, in as many steps as that takes. Dropped without an answer, it counts as a failure.
pub(crate) struct Permit {
    guard: Arc<Guard>,
    admission: Admission,
    heard: Heard,
}

impl Guard {
    /// Stands before this gateway, waiting so long for each answer.
    pub fn new(gateway: Arc<dyn PaymentGateway>, currency: Currency, timeout: Duration) -> Arc<Self> {
        let (breaker, budget, metrics) = (Breaker::default(), Budget::new(), Metrics::default());
        Arc::new(Self { gateway, currency, timeout, breaker, budget, metrics })
    }

    /// Adds what it counts to the process's metrics.
    pub fn register(&self, registry: &mut prometheus_client::registry::Registry) {
        self.metrics.register(registry);
    }

    /// The gateway's name.
    pub(crate) fn name(&self) -> Name {
        self.gateway.name()
    }

    /// The currency of the deployment.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether nothing may go out now.
    pub(crate) fn is_away(&self) -> bool {
        let away = self.breaker.is_open();
        self.metrics.away(away);
        away
    }

    /// The right to make a call.
    pub(crate) fn permit(self: &Arc<Self>, turn: Turn) -> Result<Permit, Held> {
        let admission = self.breaker.admit().ok_or(Held::Away)?;
        match (admission, turn) {
            (Admission::Ordinary, Turn::Again) if !self.budget.pay() => return Err(Held::Spent),
            (_, Turn::First) => self.budget.first_call(),
            // A probe is one call in seconds; it is not paid for.
            _ => {}
        }
        Ok(Permit { guard: Arc::clone(self), admission, heard: Heard::Nothing })
    }

    /// Something that only a person can put right.
    fn alert(&self, about: &dyn std::fmt::Display, mismatch: Mismatch) -> String {
        self.metrics.alert();
        let gateway = self.name();
        let Mismatch(why) = mismatch;
        tracing::error!(alert = true, %gateway, %about, why, "an answer of the gateway contradicts the books");
        why
    }
}

impl Permit {
    pub(crate) async fn charge(&mut self, charge: &Charge) -> Charged {
        let guard = Arc::clone(&self.guard);
        self.charged("charge", charge, guard.gateway.charge(charge)).await
    }

    pub(crate) async fn find_charge(&mut self, charge: &Charge) -> Charged {
        let guard = Arc::clone(&self.guard);
        self.charged("find_charge", charge, guard.gateway.find_charge(charge)).await
    }

    pub(crate) async fn refund(&mut self, refund: &RefundCall) -> Refunded {
        let guard = Arc::clone(&self.guard);
        self.refunded("refund", refund, guard.gateway.refund(refund)).await
    }

    pub(crate) async fn find_refund(&mut self, refund: &RefundCall) -> Refunded {
        let guard = Arc::clone(&self.guard);
        self.refunded("find_refund", refund, guard.gateway.find_refund(refund)).await
    }

    async fn charged(
        &mut self,
        operation: &'static str,
        charge: &Charge,
        call: impl Future<Output = ChargeAnswer>,
    ) -> Charged {
        let answer = self.in_time(call).await.unwrap_or_else(|why| ChargeAnswer::Unknown { why });
        self.note(operation, answer.is_heard().then_some(Heard::Answer));
        answer
            .compared_with(charge)
            .unwrap_or_else(|mismatch| Charged::Unknown { why: self.guard.alert(&charge.id, mismatch) })
    }

    async fn refunded(
        &mut self,
        operation: &'static str,
        refund: &RefundCall,
        call: impl Future<Output = RefundAnswer>,
    ) -> Refunded {
        let answer = self.in_time(call).await.unwrap_or_else(|why| RefundAnswer::Unknown { why });
        self.note(operation, answer.is_heard().then_some(Heard::Answer));
        answer
            .compared_with(refund)
            .unwrap_or_else(|mismatch| Refunded::Unknown { why: self.guard.alert(&refund.id, mismatch) })
    }

    /// Cuts a call off: an answer later than this is none.
    async fn in_time<T>(&self, call: impl Future<Output = T>) -> Result<T, String> {
        let timeout = self.guard.timeout;
        tokio::time::timeout(timeout, call).await.map_err(|_| format!("no answer within {timeout:?}"))
    }

    fn note(&mut self, operation: &'static str, heard: Option<Heard>) {
        self.heard = heard.unwrap_or(Heard::Nothing);
        let outcome = if heard.is_some() { "answered" } else { "unknown" };
        self.guard.metrics.call(operation, outcome);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.guard.breaker.report(self.admission, self.heard);
        if self.heard == Heard::Answer {
            self.guard.budget.answered();
        }
    }
}

//! May a call go out now, how long may it take, and is its answer believed? Stands before the gateway, for all workers of the process.
//!
//! A call that may not go out leaves its row as it is: due. So a gateway that is away costs nothing but a probe now and then, and when it is back all that
//! waited is due at once.

use std::sync::Arc;
use std::time::Duration;

use earmark_core::Currency;
use earmark_core::text::Name;
use tokio::time::Instant;

use super::answers::{Charged, Mismatch, Refunded};
use super::breaker::{Admission, Breaker, Heard};
use super::budget::Budget;
use super::metrics::Metrics;
use super::window::Window;
use super::{Charge, ChargeAnswer, PaymentGateway, RefundAnswer, RefundCall};

/// A gateway with its breaker, its budget of retries and its patience.
pub struct Guard {
    gateway: Arc<dyn PaymentGateway>,
    currency: Currency,
    timeout: Duration,
    breaker: Breaker,
    budget: Budget,
    window: Window,
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
    /// As many calls are in progress as the gateway answers in time.
    Full,
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
        let (breaker, budget) = (Breaker::default(), Budget::new());
        let (window, metrics) = (Window::default(), Metrics::default());
        Arc::new(Self { gateway, currency, timeout, breaker, budget, window, metrics })
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
        if !self.window.enter() {
            return Err(if self.breaker.is_open() { Held::Away } else { Held::Full });
        }
        let admitted = self.breaker.admit().ok_or(Held::Away).and_then(|admission| match (admission, turn) {
            (Admission::Ordinary, Turn::Again) if !self.budget.pay() => Err(Held::Spent),
            // A probe is one call in seconds; it is not paid for.
            _ => Ok(admission),
        });
        let admission = admitted.inspect_err(|_| self.window.leave())?;
        if turn == Turn::First {
            self.budget.first_call();
        }
        Ok(Permit { guard: Arc::clone(self), admission, heard: Heard::Nothing })
    }

    /// Completes when there is room for more calls.
    pub(crate) async fn room(&self) {
        self.window.room().await;
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
        let (timeout, sent_at) = (self.guard.timeout, Instant::now());
        let answer = tokio::time::timeout(timeout, call).await;
        answer.map_err(|_| {
            self.guard.window.late(sent_at);
            format!("no answer within {timeout:?}")
        })
    }

    fn note(&mut self, operation: &'static str, heard: Option<Heard>) {
        self.heard = heard.unwrap_or(Heard::Nothing);
        let outcome = if heard.is_some() { "answered" } else { "unknown" };
        self.guard.metrics.call(operation, outcome);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Guard { breaker, budget, window, .. } = &*self.guard;
        breaker.report(self.admission, self.heard);
        if self.heard == Heard::Answer {
            budget.answered();
            window.answered();
        } else if breaker.is_open() {
            window.close();
        }
        window.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use earmark_core::ids::PaymentId;
    use earmark_core::payments::Token;
    use earmark_core::{Money, Timestamp};

    use super::*;
    use crate::gateways::{Page, Said, Stretch};

    /// Away for so many calls, and counts them.
    struct Away(AtomicU32, u32);

    #[async_trait]
    impl PaymentGateway for Away {
        fn name(&self) -> Name {
            Name::parse("away").unwrap()
        }

        async fn charge(&self, charge: &Charge) -> ChargeAnswer {
            if self.0.fetch_add(1, Ordering::SeqCst) < self.1 {
                std::future::pending::<()>().await;
            }
            let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
            ChargeAnswer::Captured(Said { id, amount, currency, reference: None })
        }

        async fn find_charge(&self, _charge: &Charge) -> ChargeAnswer {
            ChargeAnswer::NotFound
        }

        async fn refund(&self, _refund: &RefundCall) -> RefundAnswer {
            RefundAnswer::NotFound
        }

        async fn find_refund(&self, _refund: &RefundCall) -> RefundAnswer {
            RefundAnswer::NotFound
        }

        async fn list(&self, _stretch: Stretch, _cursor: Option<&str>) -> Result<Page, String> {
            Ok(Page::default())
        }
    }

    fn charge() -> Charge {
        Charge {
            id: PaymentId(1),
            amount: Money::parse(5).unwrap(),
            currency: Currency::parse("USD").unwrap(),
            token: Token::parse("tok_ok").unwrap(),
            begun_at: Timestamp(0),
        }
    }

    /// A new payment every tenth of a second for ten minutes; gives the calls of each minute.
    async fn ten_minutes(gateway: Away) -> Vec<u32> {
        let gateway = Arc::new(gateway);
        let currency = Currency::parse("USD").unwrap();
        let patience = Duration::from_secs(10);
        let guard = Guard::new(Arc::clone(&gateway) as Arc<dyn PaymentGateway>, currency, patience);
        let mut minutes = Vec::new();
        for _ in 0..10 {
            let before = gateway.0.load(Ordering::SeqCst);
            for _ in 0..600 {
                if let Ok(mut permit) = guard.permit(Turn::First) {
                    tokio::spawn(async move { permit.charge(&charge()).await });
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            minutes.push(gateway.0.load(Ordering::SeqCst) - before);
        }
        minutes
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_hangs_is_called_a_few_times_a_minute() {
        let minutes = ten_minutes(Away(AtomicU32::new(0), u32::MAX)).await;
        // Until the first calls have timed out, nobody knows; after that, one probe that hangs, then a rest.
        assert!(minutes[0] <= 115, "{minutes:?}");
        assert!(minutes[1..].iter().all(|calls| (3..=6).contains(calls)), "{minutes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_go_out_again_once_a_probe_was_answered() {
        let minutes = ten_minutes(Away(AtomicU32::new(0), 120)).await;
        assert_eq!(minutes[9], 600, "{minutes:?}");
    }
}

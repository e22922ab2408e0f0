//! The guard in front of a gateway, for all workers of the process: may a call go out now, how long
//! may it take, and is its answer believed?
//!
//! A call that may not go out leaves its row as it is: due. So a gateway that does not answer costs
//! no more than a probe now and then, and when it is back, everything that waited is due at once.
//! The three rules that refuse a call stand in `breaker.rs`, `budget.rs` and `window.rs`.

use std::sync::Arc;
use std::time::Duration;

use earmark_core::Currency;
use earmark_core::text::Name;
use tokio::time::Instant;

use super::answers::{ChargeAnswer, Charged, Mismatch, RefundAnswer, Refunded};
use super::breaker::{Breaker, CallEnd, CallKind};
use super::budget::Budget;
use super::calls::{Charge, RefundCall};
use super::metrics::Metrics;
use super::port::PaymentGateway;
use super::window::Window;

/// A gateway behind a breaker, a budget of repeated calls, a window and a timeout.
pub struct Guard {
    gateway: Arc<dyn PaymentGateway>,
    currency: Currency,
    timeout: Duration,
    breaker: Breaker,
    budget: Budget,
    window: Window,
    metrics: Metrics,
}

/// Whether a call is made for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    /// No call under this id has been written down.
    First,
    Again,
}

/// Why a call may not go out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// The gateway does not answer. No call goes out.
    BreakerOpen,
    /// Calls are repeated too often for what is answered. First calls still go out.
    BudgetSpent,
    /// As many calls are in progress as the gateway answers in time.
    WindowFull,
}

/// The right to call the gateway about one payment or refund, as often as that needs. Its end is
/// reported to the three rules when it is dropped; dropped without an answer, it counts as a
/// failure.
pub(crate) struct Permit {
    guard: Arc<Guard>,
    kind: CallKind,
    end: CallEnd,
}

impl Guard {
    /// A guard in front of this gateway; each call may take as long as `timeout`.
    pub fn new(gateway: Arc<dyn PaymentGateway>, currency: Currency, timeout: Duration) -> Arc<Self> {
        let (breaker, budget) = (Breaker::default(), Budget::new());
        let (window, metrics) = (Window::default(), Metrics::default());
        Arc::new(Self { gateway, currency, timeout, breaker, budget, window, metrics })
    }

    /// Adds its metrics to those of the process.
    pub fn register(&self, registry: &mut prometheus_client::registry::Registry) {
        self.metrics.register(registry);
    }

    pub(crate) fn name(&self) -> Name {
        self.gateway.name()
    }

    /// The currency of the deployment, in which all calls are made.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether the breaker holds all calls back now.
    pub(crate) fn is_breaker_open(&self) -> bool {
        let open = self.breaker.is_open();
        self.metrics.away(open);
        open
    }

    /// The right to make a call now, or which rule refuses it.
    pub(crate) fn permit(self: &Arc<Self>, this_try: Try) -> Result<Permit, Blocked> {
        if !self.window.enter() {
            return Err(if self.breaker.is_open() { Blocked::BreakerOpen } else { Blocked::WindowFull });
        }
        let admitted =
            self.breaker.admit().ok_or(Blocked::BreakerOpen).and_then(|kind| match (kind, this_try) {
                // A probe is not paid for: there is at most one in a second.
                (CallKind::Ordinary, Try::Again) if !self.budget.pay_repeat() => Err(Blocked::BudgetSpent),
                _ => Ok(kind),
            });
        let kind = admitted.inspect_err(|_| self.window.leave())?;
        if this_try == Try::First {
            self.budget.add_first_call();
        }
        Ok(Permit { guard: Arc::clone(self), kind, end: CallEnd::Unanswered })
    }

    /// Completes when the window has room for a good part of its calls.
    pub(crate) async fn wait_for_room(&self) {
        self.window.wait_for_room().await;
    }

    /// Logs an answer that contradicts our data, which only a person can put right; gives the
    /// reason.
    fn alert(&self, about: &dyn std::fmt::Display, mismatch: Mismatch) -> String {
        self.metrics.alert();
        let gateway = self.name();
        let Mismatch(why) = mismatch;
        tracing::error!(alert = true, %gateway, %about, why, "an answer of the gateway contradicts the stored data");
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
        let answer = self.with_timeout(call).await.unwrap_or_else(|why| ChargeAnswer::Unknown { why });
        self.note_end(operation, answer.call_end());
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
        let answer = self.with_timeout(call).await.unwrap_or_else(|why| RefundAnswer::Unknown { why });
        self.note_end(operation, answer.call_end());
        answer
            .compared_with(refund)
            .unwrap_or_else(|mismatch| Refunded::Unknown { why: self.guard.alert(&refund.id, mismatch) })
    }

    /// Cuts a call off after the timeout: a later answer counts as none.
    async fn with_timeout<T>(&self, call: impl Future<Output = T>) -> Result<T, String> {
        let (timeout, sent_at) = (self.guard.timeout, Instant::now());
        let answer = tokio::time::timeout(timeout, call).await;
        answer.map_err(|_| {
            self.guard.window.timed_out(sent_at);
            format!("no answer within {timeout:?}")
        })
    }

    fn note_end(&mut self, operation: &'static str, end: CallEnd) {
        self.end = end;
        let outcome = if end == CallEnd::Answered { "answered" } else { "unknown" };
        self.guard.metrics.call(operation, outcome);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Guard { breaker, budget, window, .. } = &*self.guard;
        breaker.report(self.kind, self.end);
        if self.end == CallEnd::Answered {
            budget.add_answer();
            window.answered();
        } else if breaker.is_open() {
            window.shrink();
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
    use crate::gateways::answers::GatewayRecord;
    use crate::gateways::calls::TimeRange;
    use crate::gateways::port::Page;

    /// Counts its calls and answers none of the first `silent_calls`.
    struct Silent {
        calls: AtomicU32,
        silent_calls: u32,
    }

    impl Silent {
        fn for_calls(silent_calls: u32) -> Self {
            Self { calls: AtomicU32::new(0), silent_calls }
        }
    }

    #[async_trait]
    impl PaymentGateway for Silent {
        fn name(&self) -> Name {
            Name::parse("silent").unwrap()
        }

        async fn charge(&self, charge: &Charge) -> ChargeAnswer {
            if self.calls.fetch_add(1, Ordering::SeqCst) < self.silent_calls {
                std::future::pending::<()>().await;
            }
            let (id, amount, currency) = (charge.id.to_string(), charge.amount, charge.currency);
            ChargeAnswer::Captured(GatewayRecord { id, amount, currency, reference: None })
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

        async fn list(&self, _range: TimeRange, _cursor: Option<&str>) -> Result<Page, String> {
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

    /// The calls in each of ten minutes, in which a new payment comes every tenth of a second.
    async fn ten_minutes(gateway: Silent) -> Vec<u32> {
        let gateway = Arc::new(gateway);
        let currency = Currency::parse("USD").unwrap();
        let timeout = Duration::from_secs(10);
        let guard = Guard::new(Arc::clone(&gateway) as Arc<dyn PaymentGateway>, currency, timeout);
        let mut minutes = Vec::new();
        for _ in 0..10 {
            let before = gateway.calls.load(Ordering::SeqCst);
            for _ in 0..600 {
                if let Ok(mut permit) = guard.permit(Try::First) {
                    tokio::spawn(async move { permit.charge(&charge()).await });
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            minutes.push(gateway.calls.load(Ordering::SeqCst) - before);
        }
        minutes
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_hangs_is_called_a_few_times_a_minute() {
        let minutes = ten_minutes(Silent::for_calls(u32::MAX)).await;
        // All calls go out until the first have timed out; then a probe at a time, each of which
        // hangs.
        assert!(minutes[0] <= 115, "{minutes:?}");
        assert!(minutes[1..].iter().all(|calls| (3..=6).contains(calls)), "{minutes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_go_out_again_once_a_probe_was_answered() {
        let minutes = ten_minutes(Silent::for_calls(120)).await;
        assert_eq!(minutes[9], 600, "{minutes:?}");
    }
}

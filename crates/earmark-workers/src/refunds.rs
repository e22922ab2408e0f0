//! Calls the gateway for refunds that are due, and asks again for those whose outcome is unknown,
//! until it is known.
//!
//! As with payments (`payments.rs`), the row is committed before the gateway is called, and the
//! refund's id is the gateway's idempotency key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::ids::OrderId;
use earmark_core::orders::Order;
use earmark_core::payments::Payment;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_core::{Action, Timestamp};
use earmark_store::{Interest, Store, Subscription};
use tokio::task::JoinSet;

use crate::backoff;
use crate::gateways::{Guard, Permit, RefundCall, Refunded, Try};
use crate::runner::{Worker, WorkerError, submit};
use crate::share::{Row, Share};

/// The most refunds called for at once.
const CALLS_MAX: usize = 64;
/// The most orders with due refunds that are looked at in one run.
const ROWS_MAX: usize = 16 * CALLS_MAX;

/// The worker. All refunds of one run are called for at once, and the run waits for them.
pub struct Refunds {
    store: Store,
    guard: Arc<Guard>,
    share: Share,
    /// Of the refunds that this node begins.
    begun: Subscription,
    /// How many due refunds the last look could not call for: the next has to see past them.
    passed_over: AtomicUsize,
}

impl Refunds {
    /// A worker that calls through this guard.
    pub fn new(store: Store, guard: Arc<Guard>, share: Share) -> Self {
        let begun = store.subscribe(Interest::RefundsDue);
        Self { store, guard, share, begun, passed_over: AtomicUsize::new(0) }
    }

    /// The refunds of an order that this node may call for now. One whose payment was taken at
    /// another gateway has no permit.
    fn due<'a>(&self, order: &'a Order, now: Timestamp) -> Due<'a> {
        let mut due = Due::default();
        let pending =
            |refund: &&Refund| refund.status == RefundStatus::Pending && refund.next_attempt_at <= now;
        for refund in order.refunds.iter().filter(pending) {
            let (attempts, due_at) = (refund.attempts, refund.next_attempt_at);
            let row = Row { id: refund.id.0, attempts, has_first_caller: false, due_at };
            if !self.share.takes(row, now) {
                due.passed_over += 1;
                continue;
            }
            if payment_of(order, refund).is_none_or(|payment| payment.gateway != self.guard.name()) {
                due.calls.push((refund, None));
                continue;
            }
            let this_try = if attempts == 0 { Try::First } else { Try::Again };
            match self.guard.permit(this_try) {
                Ok(permit) => due.calls.push((refund, Some(permit))),
                Err(_) => due.passed_over += 1,
            }
        }
        due
    }

    fn call(&self, order: &Order, refund: &Refund) -> Call {
        let payment = payment_of(order, refund);
        let call = RefundCall {
            id: refund.id,
            payment_id: refund.payment_id,
            payment_reference: payment.and_then(|payment| payment.gateway_reference.clone()),
            amount: refund.amount,
            currency: self.guard.currency(),
            begun_at: refund.created_at,
        };
        Call { store: self.store.clone(), order_id: order.id, refund: call, attempts: refund.attempts }
    }
}

/// What is due of one order.
#[derive(Default)]
struct Due<'a> {
    calls: Vec<(&'a Refund, Option<Permit>)>,
    /// How many are due and are not called for now.
    passed_over: usize,
}

fn payment_of<'a>(order: &'a Order, refund: &Refund) -> Option<&'a Payment> {
    order.payments.iter().find(|payment| payment.id == refund.payment_id)
}

#[async_trait]
impl Worker for Refunds {
    fn name(&self) -> &'static str {
        "refunds"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn woken(&self) {
        self.begun.changed().await;
    }

    async fn run_once(&self) -> Result<usize, WorkerError> {
        if self.guard.is_breaker_open() {
            return Ok(0);
        }
        let now = self.store.clock().now();
        let limit = self.passed_over.load(Ordering::Relaxed) + CALLS_MAX;
        let orders = self.store.queries().list_due_refunds(now, limit.min(ROWS_MAX)).await?;
        let (mut calls, mut passed_over) = (JoinSet::new(), 0);
        for order in orders {
            let due = self.due(&order, now);
            passed_over += due.passed_over;
            for (refund, permit) in due.calls {
                let call = self.call(&order, refund);
                calls.spawn(call.settle(permit));
            }
        }
        self.passed_over.store(passed_over, Ordering::Relaxed);
        let done = calls.len();
        while let Some(call) = calls.join_next().await {
            call.expect("a call for a refund does not panic")?;
        }
        Ok(done)
    }
}

/// One attempt at one refund.
struct Call {
    store: Store,
    order_id: OrderId,
    refund: RefundCall,
    attempts: u32,
}

impl Call {
    /// Calls for the refund and has the answer written down. Without a permit nothing is called,
    /// and the refund stays as unknown as it is.
    async fn settle(self, permit: Option<Permit>) -> Result<(), WorkerError> {
        let answer = match permit {
            Some(mut permit) => self.ask(&mut permit).await,
            None => {
                Refunded::Unknown { why: "the money is at a gateway that this server does not use".into() }
            }
        };
        let result = match answer {
            Refunded::Returned => RefundResult::Succeeded,
            Refunded::Refused { code } => {
                tracing::warn!(refund = %self.refund.id, %code, "the gateway refused a refund");
                RefundResult::Failed
            }
            Refunded::NotFound => self.unknown("it was sent, but the gateway has not heard of it"),
            Refunded::Unknown { why } => self.unknown(&why),
        };
        let refund_id = self.refund.id;
        let settle = SettleRefund { order_id: self.order_id, refund_id, result };
        if let Err(rejection) = submit(&self.store, Action::SettleRefund(settle)).await? {
            tracing::error!(refund = %refund_id, code = rejection.code(), "an answer was rejected");
        }
        Ok(())
    }

    /// Sends the refund, or, where it may have been sent before, asks first.
    async fn ask(&self, permit: &mut Permit) -> Refunded {
        if self.attempts > 0 {
            let answer = permit.find_refund(&self.refund).await;
            if answer != Refunded::NotFound {
                return answer;
            }
        }
        permit.refund(&self.refund).await
    }

    fn unknown(&self, why: &str) -> RefundResult {
        let (refund, attempts) = (self.refund.id, self.attempts);
        tracing::info!(%refund, attempts, why, "the outcome of a refund is unknown");
        let next_attempt_at = backoff::next_attempt_at(attempts, self.store.clock().now());
        RefundResult::Unknown { next_attempt_at }
    }
}

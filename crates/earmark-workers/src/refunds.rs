//! Calls the gateway for refunds that are due. Like payments: the row first, the refund's id as the gateway's key, asked again until it is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::orders::Order;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_core::{Action, Timestamp};
use earmark_store::Store;
use tokio::task::JoinSet;

use crate::gateways::{Guard, Permit, Refunded, Try};
use crate::share::Row;
use crate::{RefundCall, Share, Worker, WorkerError, backoff, submit};

/// The most refunds called for at once.
const CALLS_MAX: usize = 64;
/// The most orders with due refunds that are looked at in one go.
const ROWS_MAX: usize = 16 * CALLS_MAX;

/// The worker.
pub struct Refunds {
    store: Store,
    guard: Arc<Guard>,
    share: Share,
    /// How many refunds were due and could not be called for, when last looked: the next look has to see past them.
    passed_over: AtomicUsize,
}

impl Refunds {
    /// A worker that calls through this guard.
    pub fn new(store: Store, guard: Arc<Guard>, share: Share) -> Self {
        Self { store, guard, share, passed_over: AtomicUsize::new(0) }
    }

    /// The refunds of an order that this node may call for now, each with its permit; without one where another gateway has the money. Also how many are
    /// due and passed over.
    fn due<'a>(&self, order: &'a Order, now: Timestamp) -> (Vec<(&'a Refund, Option<Permit>)>, usize) {
        let (mut due, mut passed_over) = (Vec::new(), 0);
        let pending =
            |refund: &&Refund| refund.status == RefundStatus::Pending && refund.next_attempt_at <= now;
        for refund in order.refunds.iter().filter(pending) {
            let (attempts, due_at) = (refund.attempts, refund.next_attempt_at);
            let row = Row { id: refund.id.0, attempts, accepted_elsewhere: false, due_at };
            if !self.share.takes(row, now) {
                passed_over += 1;
                continue;
            }
            let payment = order.payments.iter().find(|payment| payment.id == refund.payment_id);
            if payment.is_none_or(|payment| payment.gateway != self.guard.name()) {
                due.push((refund, None));
                continue;
            }
            let turn = if attempts == 0 { Try::First } else { Try::Again };
            match self.guard.permit(turn) {
                Ok(permit) => due.push((refund, Some(permit))),
                Err(_) => passed_over += 1,
            }
        }
        (due, passed_over)
    }
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
        self.store.refund_due().await;
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
            let (due, left) = self.due(&order, now);
            passed_over += left;
            for (refund, permit) in due {
                let call = Call::new((&self.store, &self.guard), &order, refund);
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

/// One call for one refund.
struct Call {
    store: Store,
    order_id: earmark_core::ids::OrderId,
    refund: RefundCall,
    attempts: u32,
}

impl Call {
    fn new((store, guard): (&Store, &Guard), order: &Order, refund: &Refund) -> Self {
        let payment = order.payments.iter().find(|payment| payment.id == refund.payment_id);
        let call = RefundCall {
            id: refund.id,
            payment_id: refund.payment_id,
            payment_reference: payment.and_then(|payment| payment.gateway_reference.clone()),
            amount: refund.amount,
            currency: guard.currency(),
            begun_at: refund.created_at,
        };
        Self { store: store.clone(), order_id: order.id, refund: call, attempts: refund.attempts }
    }

    /// Calls for it and writes the answer down.
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
            tracing::error!(refund = %refund_id, code = rejection.code(), "an answer was refused by the books");
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

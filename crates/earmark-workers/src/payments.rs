//! Calls the gateway for payments that are due, and asks again for those whose outcome is unknown, until it is known.
//!
//! The row is committed before the first byte goes out, and the payment's id is the gateway's idempotency key. So a crash at any point, or two nodes
//! at once, lead to the same charge asked for again, never to a second one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::Action;
use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_store::Store;

use crate::gateways::in_time;
use crate::{Charge, ChargeAnswer, PaymentGateway, Worker, WorkerError, backoff, submit};

/// The most calls in progress at once.
const CALLS_MAX: usize = 1_024;

/// The worker. Each payment is called for in a task of its own, so a slow answer holds up nobody.
pub struct Payments {
    store: Store,
    gateway: Arc<dyn PaymentGateway>,
    timeout: Duration,
    in_progress: Arc<Mutex<HashSet<PaymentId>>>,
}

impl Payments {
    /// A worker that waits so long for each answer.
    pub fn new(store: Store, gateway: Arc<dyn PaymentGateway>, timeout: Duration) -> Self {
        Self { store, gateway, timeout, in_progress: Arc::default() }
    }

    /// Starts a call, unless one is in progress for this payment.
    fn start(&self, order_id: OrderId, payment: &Payment) -> bool {
        if !lock(&self.in_progress).insert(payment.id) {
            return false;
        }
        let call = Call {
            store: self.store.clone(),
            gateway: Arc::clone(&self.gateway),
            timeout: self.timeout,
            order_id,
            payment: payment.clone(),
        };
        let in_progress = Arc::clone(&self.in_progress);
        tokio::spawn(async move {
            let id = call.payment.id;
            if let Err(error) = call.settle().await {
                tracing::warn!(payment = %id, %error, "an answer could not be written down; the gateway is asked again");
            }
            lock(&in_progress).remove(&id);
        });
        true
    }
}

fn lock(set: &Mutex<HashSet<PaymentId>>) -> std::sync::MutexGuard<'_, HashSet<PaymentId>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Worker for Payments {
    fn name(&self) -> &'static str {
        "payments"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(500)
    }

    async fn woken(&self) {
        self.store.payment_due().await;
    }

    async fn run_once(&self) -> Result<usize, WorkerError> {
        let busy = lock(&self.in_progress).len();
        if busy >= CALLS_MAX {
            return Ok(0);
        }
        // Those in progress are still due in the books; ask for enough to see past them.
        let due =
            self.store.queries().list_due_payments(self.store.clock().now(), busy + CALLS_MAX / 4).await?;
        let mut started = 0;
        for order in &due {
            let pending = order.payments.iter().find(|payment| payment.status == PaymentStatus::Pending);
            started += usize::from(pending.is_some_and(|payment| self.start(order.id, payment)));
        }
        Ok(started)
    }
}

/// One call for one payment.
struct Call {
    store: Store,
    gateway: Arc<dyn PaymentGateway>,
    timeout: Duration,
    order_id: OrderId,
    payment: Payment,
}

impl Call {
    async fn settle(&self) -> Result<(), WorkerError> {
        let result = match self.ask().await {
            ChargeAnswer::Succeeded { reference } => PaymentResult::Succeeded { reference },
            ChargeAnswer::Declined { code, reference } => PaymentResult::Declined { code, reference },
            ChargeAnswer::NotFound => self.unknown("it was sent, but the gateway has not heard of it"),
            ChargeAnswer::Unknown { why } => self.unknown(&why),
        };
        let refund_id = RefundId(uuid::Uuid::now_v7().as_u128());
        let settle =
            SettlePayment { order_id: self.order_id, payment_id: self.payment.id, result, refund_id };
        let answer = submit(&self.store, Action::SettlePayment(settle)).await?;
        if let Err(rejection) = answer {
            tracing::error!(payment = %self.payment.id, code = rejection.code(), "an answer was refused by the books");
        }
        Ok(())
    }

    /// Sends the charge, or, where it may have been sent before, asks first.
    async fn ask(&self) -> ChargeAnswer {
        let unknown = |why| ChargeAnswer::Unknown { why };
        let id = self.payment.id;
        if self.payment.attempts > 0 {
            let answer = in_time(self.timeout, self.gateway.find_charge(id), unknown).await;
            if answer != ChargeAnswer::NotFound {
                return answer;
            }
        }
        let charge = Charge { id, amount: self.payment.amount, token: self.payment.token.clone() };
        in_time(self.timeout, self.gateway.charge(&charge), unknown).await
    }

    fn unknown(&self, why: &str) -> PaymentResult {
        let (payment, attempts) = (self.payment.id, self.payment.attempts);
        tracing::info!(%payment, attempts, why, "the outcome of a payment is unknown");
        PaymentResult::Unknown {
            next_attempt_at: backoff::next_attempt_at(attempts, self.store.clock().now()),
        }
    }
}

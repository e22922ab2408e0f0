//! Calls the gateway for refunds that are due. Like payments: the row first, the refund's id as the gateway's key, asked again until it is known.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::Action;
use earmark_core::orders::Order;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_store::Store;
use tokio::task::JoinSet;

use crate::gateways::in_time;
use crate::{PaymentGateway, RefundAnswer, RefundCall, Worker, WorkerError, backoff, submit};

/// The most refunds called for at once.
const CALLS_MAX: usize = 64;

/// The worker.
pub struct Refunds {
    store: Store,
    gateway: Arc<dyn PaymentGateway>,
    timeout: Duration,
}

impl Refunds {
    /// A worker that waits so long for each answer.
    pub fn new(store: Store, gateway: Arc<dyn PaymentGateway>, timeout: Duration) -> Self {
        Self { store, gateway, timeout }
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
        let now = self.store.clock().now();
        let orders = self.store.queries().list_due_refunds(now, CALLS_MAX).await?;
        let mut calls = JoinSet::new();
        for order in orders {
            let due =
                |refund: &&Refund| refund.status == RefundStatus::Pending && refund.next_attempt_at <= now;
            let due: Vec<Refund> = order.refunds.iter().filter(due).cloned().collect();
            let (store, gateway, timeout) = (self.store.clone(), Arc::clone(&self.gateway), self.timeout);
            calls.spawn(async move {
                for refund in due {
                    settle(&store, &*gateway, timeout, (&order, &refund)).await?;
                }
                Ok::<_, WorkerError>(())
            });
        }
        let done = calls.len();
        while let Some(call) = calls.join_next().await {
            call.expect("a call for a refund does not panic")?;
        }
        Ok(done)
    }
}

/// Calls for one refund and writes the answer down.
async fn settle(
    store: &Store,
    gateway: &dyn PaymentGateway,
    timeout: Duration,
    (order, refund): (&Order, &Refund),
) -> Result<(), WorkerError> {
    let result = match ask(gateway, timeout, refund).await {
        RefundAnswer::Succeeded => RefundResult::Succeeded,
        RefundAnswer::Refused => RefundResult::Failed,
        RefundAnswer::NotFound | RefundAnswer::Unknown { .. } => {
            let next_attempt_at = backoff::next_attempt_at(refund.attempts, store.clock().now());
            RefundResult::Unknown { next_attempt_at }
        }
    };
    let settle = SettleRefund { order_id: order.id, refund_id: refund.id, result };
    if let Err(rejection) = submit(store, Action::SettleRefund(settle)).await? {
        tracing::error!(refund = %refund.id, code = rejection.code(), "an answer was refused by the books");
    }
    Ok(())
}

/// Sends the refund, or, where it may have been sent before, asks first.
async fn ask(gateway: &dyn PaymentGateway, timeout: Duration, refund: &Refund) -> RefundAnswer {
    let unknown = |why| RefundAnswer::Unknown { why };
    if refund.attempts > 0 {
        let answer = in_time(timeout, gateway.find_refund(refund.id), unknown).await;
        if answer != RefundAnswer::NotFound {
            return answer;
        }
    }
    let call = RefundCall { id: refund.id, payment_id: refund.payment_id, amount: refund.amount };
    in_time(timeout, gateway.refund(&call), unknown).await
}

//! Calls the gateway for payments that are due, and asks again for those whose outcome is unknown,
//! until it is known.
//!
//! Invariant: the row is committed before the first byte goes out, and the payment's id is the
//! gateway's idempotency key. So a crash at any point, or two nodes at once, lead to the same
//! charge asked for again and never to a second one. Calls are retried here and in no other layer;
//! `gateways/guard.rs` decides whether one may go out, `share.rs` on which node.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::Action;
use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::Order;
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_store::{Interest, Store, Subscription};

use crate::backoff;
use crate::gateways::{Blocked, CALLS_MAX, Charge, Charged, Guard, Permit, Try};
use crate::runner::{Worker, WorkerError, submit};
use crate::share::{Row, Share};

/// The most due rows that are looked at in one run.
const ROWS_MAX: usize = 4 * CALLS_MAX;

/// The worker. Each payment is called for in a task of its own, so a slow answer delays no other.
pub struct Payments {
    store: Store,
    guard: Arc<Guard>,
    share: Share,
    /// Of the payments that this node begins: it calls for them itself, and at once.
    begun: Subscription,
    in_progress: Arc<Mutex<HashSet<PaymentId>>>,
    /// How many due rows the last look could not call for: the next has to see past them.
    passed_over: AtomicUsize,
    /// Whether more is due than may be in progress.
    crowded: AtomicBool,
}

/// What became of a row that is due.
enum Started {
    Yes,
    InProgress,
    Not(Blocked),
}

impl Payments {
    /// A worker that calls through this guard. It learns of every payment that this node begins
    /// from now on.
    pub fn new(store: Store, guard: Arc<Guard>, share: Share) -> Self {
        let begun = store.subscribe(Interest::PaymentsDue);
        let (in_progress, passed_over, crowded) = Default::default();
        Self { store, guard, share, begun, in_progress, passed_over, crowded }
    }

    /// Starts a call, unless one is in progress for this payment or none may go out.
    fn start(&self, order_id: OrderId, payment: &Payment) -> Started {
        if !lock(&self.in_progress).insert(payment.id) {
            return Started::InProgress;
        }
        let this_try = if payment.attempts == 0 { Try::First } else { Try::Again };
        // A payment that was begun at another gateway may have been taken there; this one is not
        // even asked.
        let ours = payment.gateway == self.guard.name();
        let permit = match ours.then(|| self.guard.permit(this_try)).transpose() {
            Ok(permit) => permit,
            Err(blocked) => {
                lock(&self.in_progress).remove(&payment.id);
                return Started::Not(blocked);
            }
        };
        let charge = Charge {
            id: payment.id,
            amount: payment.amount,
            currency: self.guard.currency(),
            token: payment.token.clone(),
            begun_at: payment.created_at,
        };
        let call = Call { store: self.store.clone(), order_id, charge, attempts: payment.attempts };
        let in_progress = Arc::clone(&self.in_progress);
        tokio::spawn(async move {
            let id = call.charge.id;
            if let Err(error) = call.settle(permit).await {
                tracing::warn!(payment = %id, %error, "an answer could not be written down; the gateway is asked again");
            }
            lock(&in_progress).remove(&id);
        });
        Started::Yes
    }

    /// Calls for each payment that this node begins, as soon as it is committed. Never completes.
    async fn call_for_begun(&self) {
        loop {
            self.begun.changed().await;
            // No await from here on: a cancelled wait must not lose an order that was taken.
            for order in self.begun.take_orders() {
                if let Some(payment) = pending(&order)
                    && lock(&self.in_progress).len() < CALLS_MAX
                {
                    // Where it may not go out, the row is due and the timer finds it.
                    let _ = self.start(order.id, payment);
                }
            }
        }
    }
}

/// The payment of an order that is not settled; there is at most one.
fn pending(order: &Order) -> Option<&Payment> {
    order.payments.iter().find(|payment| payment.status == PaymentStatus::Pending)
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
        let crowded = self.crowded.load(Ordering::Relaxed);
        tokio::select! {
            () = self.guard.wait_for_room(), if crowded => {}
            () = self.call_for_begun() => {}
        }
    }

    async fn run_once(&self) -> Result<usize, WorkerError> {
        self.crowded.store(false, Ordering::Relaxed);
        // Taken before the read: what is read of these may be out of date by the time it is here.
        let in_progress = lock(&self.in_progress).clone();
        let busy = in_progress.len();
        if busy >= CALLS_MAX || self.guard.is_breaker_open() {
            return Ok(0);
        }
        // Those in progress and those passed over are still due; the limit sees past them.
        let limit = busy + self.passed_over.load(Ordering::Relaxed) + CALLS_MAX / 4;
        let now = self.store.clock().now();
        let due = self.store.queries().list_due_payments(now, limit.min(ROWS_MAX)).await?;
        let (mut started, mut passed_over) = (0, 0);
        for order in &due {
            let Some(payment) = pending(order).filter(|payment| !in_progress.contains(&payment.id)) else {
                continue;
            };
            let row = Row {
                id: payment.id.0,
                attempts: payment.attempts,
                has_first_caller: true,
                due_at: payment.next_attempt_at,
            };
            if !self.share.takes(row, now) {
                passed_over += 1;
                continue;
            }
            match self.start(order.id, payment) {
                Started::Yes => started += 1,
                Started::InProgress => {}
                Started::Not(Blocked::BudgetSpent) => passed_over += 1,
                Started::Not(Blocked::BreakerOpen) => break,
                Started::Not(Blocked::WindowFull) => {
                    // The next look is when there is room for a good part of them, since each look
                    // costs a query.
                    self.crowded.store(true, Ordering::Relaxed);
                    started = 0;
                    break;
                }
            }
            if busy + started >= CALLS_MAX {
                break;
            }
        }
        self.passed_over.store(passed_over, Ordering::Relaxed);
        Ok(started)
    }
}

/// One attempt at one payment.
struct Call {
    store: Store,
    order_id: OrderId,
    charge: Charge,
    attempts: u32,
}

impl Call {
    /// Calls for the payment and has the answer written down. Without a permit nothing is called,
    /// and the payment stays as unknown as it is.
    async fn settle(&self, permit: Option<Permit>) -> Result<(), WorkerError> {
        let answer = match permit {
            Some(mut permit) => self.ask(&mut permit).await,
            None => {
                Charged::Unknown { why: "it was begun at a gateway that this server does not use".into() }
            }
        };
        let result = match answer {
            Charged::Taken { reference } => PaymentResult::Succeeded { reference },
            Charged::Declined { code, reference } => PaymentResult::Declined { code, reference },
            Charged::NotFound => self.unknown("it was sent, but the gateway has not heard of it"),
            Charged::Unknown { why } => self.unknown(&why),
        };
        let payment_id = self.charge.id;
        let refund_id = RefundId(uuid::Uuid::now_v7().as_u128());
        let settle = SettlePayment { order_id: self.order_id, payment_id, result, refund_id };
        let answer = submit(&self.store, Action::SettlePayment(settle)).await?;
        if let Err(rejection) = answer {
            tracing::error!(payment = %payment_id, code = rejection.code(), "an answer was rejected");
        }
        Ok(())
    }

    /// Sends the charge, or, where it may have been sent before, asks first.
    async fn ask(&self, permit: &mut Permit) -> Charged {
        if self.attempts > 0 {
            let answer = permit.find_charge(&self.charge).await;
            if answer != Charged::NotFound {
                return answer;
            }
        }
        permit.charge(&self.charge).await
    }

    fn unknown(&self, why: &str) -> PaymentResult {
        let (payment, attempts) = (self.charge.id, self.attempts);
        tracing::info!(%payment, attempts, why, "the outcome of a payment is unknown");
        PaymentResult::Unknown {
            next_attempt_at: backoff::next_attempt_at(attempts, self.store.clock().now()),
        }
    }
}

//! The handle that everyone else holds: submit a command, read the books, wait for a payment to settle.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use earmark_core::ids::PaymentId;
use earmark_core::{Answer, BatchChanges, Command, Rejection};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::queue::QueuedCommand;
use crate::writer::Writer;
use crate::{Clock, Engine, Queries, SubmitError};

/// How a store runs.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The most commands decided in one transaction.
    pub batch_commands_max: usize,
    /// The most commands that wait; one more is refused at once.
    pub queue_commands_max: usize,
    /// The longest that a caller waits for an answer; later, what it asked for may still happen.
    pub answer_within: Duration,
    /// Where time comes from.
    pub clock: Clock,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            batch_commands_max: 256,
            queue_commands_max: 4096,
            answer_within: Duration::from_secs(12),
            clock: Clock::system(),
        }
    }
}

/// A running store: one writer thread, and the read side.
#[derive(Clone)]
pub struct Store {
    sender: mpsc::Sender<QueuedCommand>,
    queries: Arc<dyn Queries>,
    signals: Arc<Signals>,
    pub(crate) answer_within: Duration,
    clock: Clock,
}

/// What the writer tells others after a commit.
#[derive(Default)]
pub(crate) struct Signals {
    settled: Mutex<HashMap<PaymentId, Arc<Notify>>>,
    payment_due: Notify,
    refund_due: Notify,
    batches: AtomicU64,
    events: AtomicU64,
}

/// How much a store has done since it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStats {
    /// Batches committed.
    pub batches: u64,
    /// Events committed.
    pub events: u64,
    /// Commands that wait.
    pub queue_commands: usize,
}

impl Store {
    /// Starts the writer on a thread of its own. The second value ends once the writer has: with the first error after which it must not go on,
    /// or `Ok` when every handle is gone and what it had taken is done.
    pub fn start(
        engine: Box<dyn Engine>,
        queries: Arc<dyn Queries>,
        options: StoreOptions,
    ) -> (Self, oneshot::Receiver<Result<(), crate::StoreError>>) {
        let (sender, receiver) = mpsc::channel(options.queue_commands_max);
        let signals = Arc::new(Signals::default());
        let (clock, answer_within) = (options.clock.clone(), options.answer_within);
        let writer = Writer::new(engine, receiver, Arc::clone(&signals), options);
        let (ended_sender, ended) = oneshot::channel();
        let body = move || {
            let _ = ended_sender.send(writer.run());
        };
        std::thread::Builder::new().name("writer".into()).spawn(body).expect("a thread can be started");
        (Self { sender, queries, signals, answer_within, clock }, ended)
    }

    /// Has a command decided. The outer error says why there is no answer; the inner one is a refusal, which left no trace.
    ///
    /// Dropping the future does not stop the command: once taken it is carried out. Nor does [`StoreOptions::answer_within`], after which the
    /// caller is told that the outcome is not known.
    pub async fn submit(&self, command: Command) -> Result<Result<Answer, Rejection>, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(QueuedCommand { command, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SubmitError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => SubmitError::Unavailable,
        })?;
        match tokio::time::timeout(self.answer_within, answer).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) | Err(_) => Err(SubmitError::Unknown),
        }
    }

    /// The read side.
    pub fn queries(&self) -> &dyn Queries {
        &*self.queries
    }

    /// Where time comes from.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the writer still takes commands.
    pub fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// How much it has done.
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            batches: self.signals.batches.load(Ordering::Relaxed),
            events: self.signals.events.load(Ordering::Relaxed),
            queue_commands: self.sender.max_capacity() - self.sender.capacity(),
        }
    }

    /// A signal that fires when this node settles the payment. Take it before submitting, then read the row whenever it fires or a little time has
    /// passed: another node may have settled it.
    pub fn watch_payment(&self, id: PaymentId) -> PaymentWatch {
        let notify = Arc::clone(self.signals.settled().entry(id).or_default());
        PaymentWatch { id, notify, signals: Arc::clone(&self.signals) }
    }

    /// Completes when a payment has been written that a gateway should be asked for.
    pub async fn payment_due(&self) {
        self.signals.payment_due.notified().await;
    }

    /// Completes when a refund has been written that a gateway should be asked for.
    pub async fn refund_due(&self) {
        self.signals.refund_due.notified().await;
    }
}

/// See [`Store::watch_payment`].
pub struct PaymentWatch {
    id: PaymentId,
    notify: Arc<Notify>,
    signals: Arc<Signals>,
}

impl PaymentWatch {
    /// Completes when this node settles the payment, at once if it already has.
    pub async fn settled(&self) {
        self.notify.notified().await;
    }
}

impl Drop for PaymentWatch {
    fn drop(&mut self) {
        let mut settled = self.signals.settled();
        // The map and this watch hold one each.
        if Arc::strong_count(&self.notify) <= 2 {
            settled.remove(&self.id);
        }
    }
}

impl Signals {
    fn settled(&self) -> std::sync::MutexGuard<'_, HashMap<PaymentId, Arc<Notify>>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever waits for this payment.
    pub(crate) fn payment_settled(&self, id: PaymentId) {
        if let Some(notify) = self.settled().get(&id) {
            notify.notify_one();
            notify.notify_waiters();
        }
    }

    /// Counts a committed batch.
    pub(crate) fn count_batch(&self, changes: &BatchChanges) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(changes.events.len() as u64, Ordering::Relaxed);
    }

    /// Wakes the worker that takes money.
    pub(crate) fn payment_is_due(&self) {
        self.payment_due.notify_one();
    }

    /// Wakes the worker that gives money back.
    pub(crate) fn refund_is_due(&self) {
        self.refund_due.notify_one();
    }
}

//! How are commands carried out? One loop takes all that wait, decides them in order, commits them together and then answers.
//!
//! Group commit without timers: the commit itself is the wait in which the next batch forms. Invariant: nothing is answered before the
//! commit that holds it has returned, and of a commit whose outcome is unknown nobody is told that it happened or did not: the loop ends.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use earmark_core::{Action, BatchChanges, Command, Fact, Keys, Timestamp, WorkingSet, decide, needs};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use crate::queue::{Queue, Request, Verdict, needs_of, refuse_all};
use crate::store::Signals;
use crate::{Engine, Meanwhile, Pace, StoreError, StoreOptions, SubmitError};

/// The most rounds of loading for one command.
const ROUNDS_MAX: usize = 3;
/// How often a batch is decided again after a conflict.
const CONFLICTS_MAX: u32 = 5;
/// The longest wait before it is decided again the first time, doubled with each further one.
const CONFLICT_PAUSE: Duration = Duration::from_millis(2);
/// Who comes while a batch waits for its turn joins it if they are at least the batch's size divided by this.
const JOIN_SHARE: usize = 2;
/// How long nobody must ask before the engine may take its time.
const IDLE_AFTER: Duration = Duration::from_millis(50);

/// A fault that a proof turns on to see that it is caught. Never on in earnest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers before the commit.
    AckBeforeCommit,
    /// Ends the process at the commit of such a command, as kill -9 would.
    Die(Moment, Step),
}

/// On which side of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has happened yet.
    Before,
    /// It has happened, and nobody knows.
    After,
}

/// What is written down on the way of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// That a payment begins.
    StartPayment,
    /// What a gateway said of it.
    SettlePayment,
    /// That money goes back.
    CreateRefund,
    /// What a gateway said of it.
    SettleRefund,
}

impl Step {
    fn is_taken_by(self, request: &Request) -> bool {
        match request.command.action {
            Action::StartPayment(_) => self == Self::StartPayment,
            Action::SettlePayment(_) => self == Self::SettlePayment,
            Action::CreateRefund(_) => self == Self::CreateRefund,
            Action::SettleRefund(_) => self == Self::SettleRefund,
            _ => false,
        }
    }
}

/// The loop.
pub(crate) struct Writer {
    engine: Box<dyn Engine>,
    queue: Queue,
    signals: Arc<Signals>,
    options: StoreOptions,
    /// Time never runs backwards in the books, whatever the clocks of the nodes do.
    latest: Timestamp,
    /// Whether the last batch could be saved: an outage is told once.
    health: Health,
}

/// Whether a batch takes along what waits in the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    /// It does.
    Welcome,
    /// It does once it has its turn: the database may have begun it already.
    Late,
    /// It is tried alone, to see whether it is the offender.
    Unwelcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Saving,
    Failing,
}

impl Writer {
    pub(crate) fn new(
        engine: Box<dyn Engine>,
        receiver: mpsc::Receiver<Request>,
        signals: Arc<Signals>,
        options: StoreOptions,
    ) -> Self {
        let queue = Queue::new(receiver, options.batch_commands_max);
        Self { engine, queue, signals, options, latest: Timestamp(0), health: Health::Saving }
    }

    /// Runs until every handle is gone, or until it must not go on.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        let ended = self.carry_on();
        self.queue.end();
        ended
    }

    fn carry_on(&mut self) -> Result<(), StoreError> {
        let timer = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let timer = timer.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut batch = Vec::with_capacity(self.options.batch_commands_max);
        loop {
            let company = if self.queue.has_drawn() {
                self.queue.take_drawn(&mut batch);
                Company::Late
            } else {
                let Some(first) = self.next(&timer)? else { return Ok(()) };
                batch.push(first);
                Company::Welcome
            };
            self.carry_out(&mut batch, company)?;
            self.engine.maintain(Pace::Busy)?;
        }
    }

    /// The next request; housekeeping is done while there is none.
    fn next(&mut self, timer: &tokio::runtime::Runtime) -> Result<Option<Request>, StoreError> {
        loop {
            match self.queue.receiver.try_recv() {
                Ok(request) => return Ok(Some(request)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            let receiver = &mut self.queue.receiver;
            match timer.block_on(async { tokio::time::timeout(IDLE_AFTER, receiver.recv()).await }) {
                Ok(request) => return Ok(request),
                Err(_) => self.engine.maintain(Pace::Idle)?,
            }
        }
    }

    /// Carries a batch out and has it answered. An error is one after which nothing may be answered any more.
    fn carry_out(&mut self, batch: &mut Vec<Request>, company: Company) -> Result<(), StoreError> {
        let mut conflicts = 0;
        loop {
            let attempted = self.attempt(batch, company);
            if attempted.is_err() {
                // What comes now may take its time.
                self.queue.answer();
            }
            match attempted {
                Ok(verdicts) => {
                    self.health = Health::Saving;
                    self.queue.saved(batch, verdicts);
                    return Ok(());
                }
                Err(StoreError::Unknown(why)) => {
                    refuse_all(batch.drain(..), SubmitError::Unknown);
                    return Err(StoreError::Unknown(why));
                }
                Err(StoreError::Unlearned(why)) => {
                    self.engine.rollback();
                    tracing::error!(why, commands = batch.len(), "it is not known whether a batch was saved");
                    refuse_all(batch.drain(..), SubmitError::Unknown);
                }
                Err(error) => self.engine_failed(batch, &error, &mut conflicts)?,
            }
            if batch.is_empty() {
                return Ok(());
            }
        }
    }

    /// The batch did not happen. Decides what becomes of it: again, one by one, or a refusal.
    fn engine_failed(
        &mut self,
        batch: &mut Vec<Request>,
        error: &StoreError,
        conflicts: &mut u32,
    ) -> Result<(), StoreError> {
        self.engine.rollback();
        match error {
            StoreError::Conflict(_) if *conflicts < CONFLICTS_MAX => {
                tracing::debug!(%error, conflicts, "a batch is decided again");
                std::thread::sleep(jitter(CONFLICT_PAUSE * 2_u32.pow(*conflicts)));
                *conflicts += 1;
                Ok(())
            }
            StoreError::Refused(_) | StoreError::Damaged(_) | StoreError::Conflict(_) if batch.len() > 1 => {
                // Only the offender shall fail, be it one whose id is taken, which conflicts for ever.
                for request in std::mem::take(batch) {
                    self.carry_out(&mut vec![request], Company::Unwelcome)?;
                }
                Ok(())
            }
            StoreError::Refused(_) | StoreError::Damaged(_) => {
                tracing::error!(%error, "a command broke a check of the store; this is a bug");
                refuse_all(batch.drain(..), SubmitError::Refused);
                Ok(())
            }
            _ => {
                if self.health == Health::Saving {
                    tracing::error!(%error, commands = batch.len(), "a batch could not be saved");
                }
                self.health = Health::Failing;
                refuse_all(batch.drain(..), SubmitError::Unavailable);
                Ok(())
            }
        }
    }

    /// Decides and commits a batch.
    fn attempt(&mut self, batch: &mut Vec<Request>, company: Company) -> Result<Vec<Verdict>, StoreError> {
        let mut rows = WorkingSet::default();
        if company == Company::Welcome {
            self.queue.join_waiting(batch);
        }
        let begun = self.engine.begin(&needs_of(&*batch, &rows), &mut rows, &mut self.queue);
        // After an outage they are told at once.
        let away = matches!(begun, Err(StoreError::Unavailable(_)));
        if company != Company::Unwelcome && (away || self.are_worth_a_load(batch)) {
            self.queue.join_waiting(batch);
        }
        begun?;
        self.latest = self.latest.max(rows.last_event_at).max(self.options.clock.now());
        self.load_for(batch, &mut rows)?;
        let mut verdicts = Vec::with_capacity(batch.len());
        for request in &*batch {
            verdicts.push(self.decide_one(&request.command, &mut rows)?);
        }
        let changes = rows.take_changes();
        if changes.is_empty() {
            self.queue.answer();
            self.engine.rollback();
            return Ok(verdicts);
        }
        if self.options.fault == Some(Fault::AckBeforeCommit) {
            answer_early(batch, &verdicts);
        }
        self.die_at(Moment::Before, batch);
        // Who is tried alone is not followed by others.
        let alone: &mut dyn Meanwhile = &mut ();
        let meanwhile = if company == Company::Unwelcome { alone } else { &mut self.queue };
        self.engine.commit(&changes, meanwhile)?;
        self.die_at(Moment::After, batch);
        self.tell(&changes);
        Ok(verdicts)
    }

    /// Whether who came while the turn was waited for is taken along, which costs another load: the wait is long where nodes take turns, and then
    /// there are many.
    fn are_worth_a_load(&self, batch: &[Request]) -> bool {
        self.queue.len() * JOIN_SHARE >= batch.len()
    }

    /// See [`Fault::Die`].
    fn die_at(&self, moment: Moment, batch: &[Request]) {
        if let Some(Fault::Die(fatal, step)) = self.options.fault
            && fatal == moment
            && batch.iter().any(|request| step.is_taken_by(request))
        {
            std::process::abort();
        }
    }

    /// Loads what all commands of the batch name, together.
    fn load_for(&mut self, batch: &[Request], rows: &mut WorkingSet) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let keys = needs_of(batch, rows);
            if keys.is_empty() {
                break;
            }
            self.queue.answer();
            self.engine.load(&keys, rows)?;
        }
        Ok(())
    }

    fn decide_one(&mut self, command: &Command, rows: &mut WorkingSet) -> Result<Verdict, StoreError> {
        // A command before this one may have changed what this one names, a cart's lines say.
        for round in 0.. {
            let mut keys = Keys::default();
            needs(command, rows, &mut keys);
            if keys.is_empty() {
                break;
            }
            assert!(round < ROUNDS_MAX, "a command names its rows in at most three rounds");
            self.queue.answer();
            self.engine.load(&keys, rows)?;
        }
        Ok(decide(rows, command, self.latest).map(|(answer, changes)| {
            rows.absorb(changes, &command.caller.actor, self.latest);
            answer
        }))
    }

    /// Wakes whoever waits for what has just been committed.
    fn tell(&self, changes: &BatchChanges) {
        for event in &changes.events {
            match &event.fact {
                Fact::PaymentPending { .. } => self.signals.payment_is_due(),
                Fact::RefundCreated { .. } => self.signals.refund_is_due(),
                Fact::PaymentSucceeded { payment_id, .. }
                | Fact::PaymentDeclined { payment_id, .. }
                | Fact::PaymentFailed { payment_id, .. } => self.signals.payment_settled(*payment_id),
                _ => {}
            }
        }
        self.signals.count_batch(changes);
    }
}

/// Somewhere between nothing and the bound, so that nodes that met do not meet again.
fn jitter(bound: Duration) -> Duration {
    let die = u32::try_from(RandomState::new().hash_one(0_u8) % 1_000).unwrap_or(0);
    bound * die / 1_000
}

/// See [`Fault::AckBeforeCommit`].
fn answer_early(batch: &mut [Request], verdicts: &[Verdict]) {
    for (request, verdict) in batch.iter_mut().zip(verdicts) {
        let (nobody, _) = oneshot::channel();
        let reply = std::mem::replace(&mut request.reply, nobody);
        let _ = reply.send(Ok(verdict.clone()));
    }
}

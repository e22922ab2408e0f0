//! How are commands carried out? One loop takes all that wait, decides them in order, commits them
//! together and then answers them.
//!
//! No timer forms a batch: the next one forms while the last one is committed. Invariants: nothing
//! is answered before the commit that holds it has returned; when it is not known whether a commit
//! happened, no answer says that it did or did not. What a batch may hold and when it is answered
//! is in `queue.rs`, what the database does for it in `engine.rs`.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use earmark_core::{Command, Keys, Timestamp, WorkingSet, decide, needs};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use crate::engine::{Engine, Overlap, Pace};
use crate::error::{Result, StoreError, SubmitError};
use crate::options::StoreOptions;
use crate::queue::{Decided, Queue, QueuedCommand, needs_of, refuse_all};
use crate::signal::Signal;
use crate::stats::Counters;

/// The most rounds of loading for one command: each may name rows that only the one before found.
const ROUNDS_MAX: usize = 3;
/// How often a batch is decided again after a conflict.
const CONFLICTS_MAX: u32 = 5;
/// The longest wait before it is decided again the first time, doubled with each further one.
const CONFLICT_PAUSE: Duration = Duration::from_millis(2);
/// Commands that came while a batch was begun join it if they are at least the batch's size divided
/// by this.
const JOIN_SHARE: usize = 2;
/// How long no command must have come before the engine may take its time for housekeeping.
const IDLE_AFTER: Duration = Duration::from_millis(50);

/// The writer's loop, and what it keeps between batches.
pub(crate) struct Writer {
    engine: Box<dyn Engine>,
    queue: Queue,
    published: Published,
    options: StoreOptions,
    /// The time of the last batch: time never runs backwards in what is stored, whatever the clocks
    /// of the nodes do.
    latest: Timestamp,
    /// Whether the last batch could be saved, so that an outage is logged once.
    health: Health,
}

/// Where the writer makes known what it has committed.
pub(crate) struct Published {
    pub(crate) signal: Arc<Signal>,
    pub(crate) counters: Arc<Counters>,
}

/// Whether commands that wait may still join a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Admission {
    /// They may, before and after it has begun.
    BeforeBegin,
    /// They may once it has begun: the engine may have begun it ahead, for the keys it had then.
    AfterBegin,
    /// They may not: one command is tried alone, to see whether it is the one that fails.
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    Saving,
    Failing,
}

impl Writer {
    pub(crate) fn new(
        engine: Box<dyn Engine>,
        receiver: mpsc::Receiver<QueuedCommand>,
        published: Published,
        options: StoreOptions,
    ) -> Self {
        let queue = Queue::new(receiver, options.batch_commands_max);
        Self { engine, queue, published, options, latest: Timestamp(0), health: Health::Saving }
    }

    /// Runs until every handle of the store is gone, or until it must not go on.
    pub(crate) fn run(mut self) -> Result<()> {
        let ended = self.carry_on();
        self.queue.end();
        ended
    }

    fn carry_on(&mut self) -> Result<()> {
        let timer = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let timer = timer.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut batch = Vec::with_capacity(self.options.batch_commands_max);
        loop {
            let admission = if self.queue.has_next_batch() {
                self.queue.take_next_batch(&mut batch);
                Admission::AfterBegin
            } else {
                let Some(first) = self.next(&timer)? else { return Ok(()) };
                batch.push(first);
                Admission::BeforeBegin
            };
            self.carry_out(&mut batch, admission)?;
            self.engine.maintain(Pace::Busy)?;
        }
    }

    /// The next command; housekeeping is done while there is none. `None` once every handle is
    /// gone.
    fn next(&mut self, timer: &tokio::runtime::Runtime) -> Result<Option<QueuedCommand>> {
        loop {
            match self.queue.receiver.try_recv() {
                Ok(queued) => return Ok(Some(queued)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            let receiver = &mut self.queue.receiver;
            match timer.block_on(async { tokio::time::timeout(IDLE_AFTER, receiver.recv()).await }) {
                Ok(queued) => return Ok(queued),
                Err(_) => self.engine.maintain(Pace::Idle)?,
            }
        }
    }

    /// Carries a batch out and has it answered; the batch is empty afterwards. After an error
    /// nothing may be answered any more.
    fn carry_out(&mut self, batch: &mut Vec<QueuedCommand>, admission: Admission) -> Result<()> {
        let mut conflicts = 0;
        while !batch.is_empty() {
            let attempted = self.attempt(batch, admission);
            if attempted.is_err() {
                // What comes now may take its time, and the batch before is saved.
                self.queue.send_answers();
            }
            match attempted {
                Ok(decided) => {
                    self.health = Health::Saving;
                    self.queue.saved(batch, decided);
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
        }
        Ok(())
    }

    /// Deals with a batch that did not happen: it stays to be decided again, is carried out command
    /// by command, or is refused.
    fn engine_failed(
        &mut self,
        batch: &mut Vec<QueuedCommand>,
        error: &StoreError,
        conflicts: &mut u32,
    ) -> Result<()> {
        self.engine.rollback();
        match error {
            StoreError::Conflict(_) if *conflicts < CONFLICTS_MAX => {
                tracing::debug!(%error, conflicts, "a batch is decided again");
                std::thread::sleep(jitter(CONFLICT_PAUSE * 2_u32.pow(*conflicts)));
                *conflicts += 1;
                Ok(())
            }
            StoreError::Refused(_) | StoreError::Damaged(_) | StoreError::Conflict(_) if batch.len() > 1 => {
                // Only the command that fails shall fail, be it one whose id is taken: that one
                // conflicts for ever.
                for queued in std::mem::take(batch) {
                    self.carry_out(&mut vec![queued], Admission::Never)?;
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

    /// Decides and commits a batch, which may grow by commands that wait.
    fn attempt(&mut self, batch: &mut Vec<QueuedCommand>, admission: Admission) -> Result<Vec<Decided>> {
        let mut rows = WorkingSet::default();
        if admission == Admission::BeforeBegin {
            self.queue.join_waiting(batch);
        }
        let begun = self.engine.begin(&needs_of(&*batch, &rows), &mut rows, &mut self.queue);
        // Where the database is away, all that wait are refused at once with the batch.
        let away = matches!(begun, Err(StoreError::Unavailable(_)));
        if admission != Admission::Never && (away || self.are_worth_a_load(batch)) {
            self.queue.join_waiting(batch);
        }
        begun?;
        self.latest = self.latest.max(rows.last_event_at).max(self.options.clock.now());
        self.load_for(batch, &mut rows)?;
        let mut decided = Vec::with_capacity(batch.len());
        for queued in &*batch {
            decided.push(self.decide_one(&queued.command, &mut rows)?);
        }
        let changes = rows.take_changes();
        if changes.is_empty() {
            self.queue.send_answers();
            self.engine.rollback();
            return Ok(decided);
        }
        // Behind a command that is tried alone no batch may be begun: the next that begins is
        // another command that is tried alone.
        let alone: &mut dyn Overlap = &mut ();
        let overlap = if admission == Admission::Never { alone } else { &mut self.queue };
        self.engine.commit(&changes, overlap)?;
        self.published.counters.committed(&changes);
        self.published.signal.committed(&changes);
        Ok(decided)
    }

    /// Whether the commands that came while the batch was begun are many enough to pay for the load
    /// that they need. Where nodes take turns, the wait is long and there are many.
    fn are_worth_a_load(&self, batch: &[QueuedCommand]) -> bool {
        self.queue.len() * JOIN_SHARE >= batch.len()
    }

    /// Loads what all commands of the batch name, together.
    fn load_for(&mut self, batch: &[QueuedCommand], rows: &mut WorkingSet) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let keys = needs_of(batch, rows);
            if keys.is_empty() {
                break;
            }
            self.queue.send_answers();
            self.engine.load(&keys, rows)?;
        }
        Ok(())
    }

    fn decide_one(&mut self, command: &Command, rows: &mut WorkingSet) -> Result<Decided> {
        // A command before this one may have changed what this one names, the lines of a cart say.
        for round in 0.. {
            let mut keys = Keys::default();
            needs(command, rows, &mut keys);
            if keys.is_empty() {
                break;
            }
            assert!(round < ROUNDS_MAX, "a command names its rows in at most three rounds");
            self.queue.send_answers();
            self.engine.load(&keys, rows)?;
        }
        Ok(decide(rows, command, self.latest).map(|(answer, changes)| {
            rows.absorb(changes, &command.caller.actor, self.latest);
            answer
        }))
    }
}

/// A random time up to the bound, so that nodes that conflicted do not conflict again.
fn jitter(bound: Duration) -> Duration {
    let die = u32::try_from(RandomState::new().hash_one(0_u8) % 1_000).unwrap_or(0);
    bound * die / 1_000
}

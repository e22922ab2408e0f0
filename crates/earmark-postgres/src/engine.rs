//! How does a batch become durable, once, on a database that other nodes use too? It takes its
//! turn, reads, writes the rows whose versions it read, and commits.
//!
//! This takes three round trips: one for `BEGIN`, the lock of the [turn](crate::turn) and the
//! reads; one for all statements of the save (`save/`); one for `COMMIT`. If commands wait by
//! then and no other node writes, it takes two: the next turn is requested right behind the COMMIT.
//! The answers of a batch are then sent while the database works for the next one.
//!
//! Invariants:
//! - COMMIT is sent only after every statement has changed the rows that it should.
//! - Whatever follows it on the wire, only its own answer says that the batch is saved. The outcome
//!   of a COMMIT without an answer is [looked up](crate::outcome), never guessed.
//! - A session on which an outcome was in doubt is dropped, with the turn that was requested on it.
//! - The next turn is requested only for commands that wait, so no idle node holds one.

use std::time::{Duration, Instant};

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::{Engine, Overlap, Pace, StoreError};

use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::outcome::{CommitOutcome, Node, find_outcome};
use crate::pipeline::answering_if_slow;
use crate::runtime::WriterRuntime;
use crate::save::{self, Batch};
use crate::segments::Segments;
use crate::session::{Session, TURN_STANDS_STILL_MAX, in_time};
use crate::state::{CommitError, Failure, State, WriterSession};
use crate::{load, unprotected};

/// How long after a failed try to connect the next one is made. In between, batches fail at once.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);
/// The same while no command waits.
const IDLE_RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// The half that writes.
pub struct PostgresEngine {
    runtime: WriterRuntime,
    url: DatabaseUrl,
    options: PostgresOptions,
    state: State,
    node: Node,
    /// The thread that groups events. It ends when this is dropped.
    _segments: Option<Segments>,
}

impl PostgresEngine {
    /// An engine that is not connected yet.
    pub(crate) fn new(url: DatabaseUrl, options: PostgresOptions) -> Result<Self, OpenError> {
        let runtime = WriterRuntime::new().map_err(|error| OpenError::Unusable(error.to_string()))?;
        // Segments rely on the numbers of events, and those can be wrong without turns.
        let segments = if options.protections.turns { Some(Segments::start(&url, &options)?) } else { None };
        let (state, node) = (State::default(), Node::new());
        Ok(Self { runtime, url, options, state, node, _segments: segments })
    }

    /// Connects, unless it is connected. An error is logged once, until it is another one.
    pub(crate) fn open(&mut self) -> Result<(), OpenError> {
        if self.state.is_connected() {
            return Ok(());
        }
        let before = match std::mem::take(&mut self.state) {
            State::Disconnected { failure } => failure,
            State::Idle(_) | State::InTurn { .. } | State::NextBegun { .. } => None,
        };
        match self.runtime.block_on(WriterSession::open(&self.url, self.options, &mut self.node)) {
            Ok(session) => {
                if before.is_some() {
                    tracing::info!(database = %self.url, "the database is back");
                }
                self.state = State::Idle(session);
                Ok(())
            }
            Err(error) => {
                let why = error.to_string();
                if before.is_none_or(|before| before.why != why) {
                    tracing::warn!(error = why, "no batch can be saved");
                }
                self.state = State::Disconnected { failure: Some(Failure { at: Instant::now(), why }) };
                Err(error)
            }
        }
    }

    /// Connects, unless it is connected or a try has failed just now.
    fn connect(&mut self) -> Result<(), StoreError> {
        match &self.state {
            State::Disconnected { failure: Some(Failure { at, why }) } if at.elapsed() < RECONNECT_PAUSE => {
                Err(StoreError::Unavailable(why.clone()))
            }
            _ => self.open().map_err(|error| StoreError::Unavailable(error.to_string())),
        }
    }

    /// Makes a round trip within the turn, within its time.
    fn round_trip<T>(&mut self, work: impl AsyncFnOnce(&Session) -> Result<T>) -> Result<T, StoreError> {
        let Some(session) = self.state.in_turn() else { return Err(no_turn()) };
        let done = self.runtime.block_on(in_time(work(session.connection())));
        done.map_err(|error| self.failure(error))
    }

    /// Puts the rows that `rows` lacks in: from the cache, the rest from the database.
    fn find(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        overlap: &mut dyn Overlap,
    ) -> Result<(), StoreError> {
        let Some(session) = self.state.in_turn() else { return Err(no_turn()) };
        session.cache.put(&keys.items, rows);
        let missing = keys.not_in(rows);
        if missing.is_empty() {
            return Ok(());
        }
        overlap.send_answers();
        let found = self.round_trip(async |session| load::find(session, &missing).await)?;
        if let Some(session) = self.state.in_turn() {
            session.cache.add(&found.items);
        }
        found.put(&missing, rows);
        Ok(())
    }

    /// What an error means for a batch that certainly was not saved.
    fn failure(&mut self, error: DatabaseError) -> StoreError {
        let stood_still = match self.state {
            State::InTurn { begun_at, .. } => begun_at.elapsed() > TURN_STANDS_STILL_MAX,
            _ => false,
        };
        if error.ends_session() {
            self.state = State::default();
        } else if let Some(session) = self.state.session() {
            session.cache.clear();
        }
        match StoreError::from(error) {
            // The server has taken the turn away. To decide the batch again is of no use: the
            // requests have timed out by now.
            StoreError::Conflict(why) if stood_still => StoreError::Unavailable(why),
            error => error,
        }
    }

    /// Looks up the outcome of a COMMIT without an answer. The session is dropped already.
    fn find_outcome(&mut self, why: &str) -> Result<(), StoreError> {
        if !self.options.protections.commit_outcomes {
            return Err(StoreError::Conflict(why.to_owned()));
        }
        tracing::warn!(error = why, "a COMMIT got no answer; its outcome is looked up");
        match self.runtime.block_on(find_outcome(&self.url, &self.node)) {
            CommitOutcome::Happened => {
                tracing::info!("the COMMIT without an answer happened");
                self.node.batch += 1;
                Ok(())
            }
            CommitOutcome::DidNotHappen => {
                tracing::info!("the COMMIT without an answer did not happen");
                Err(StoreError::Conflict(why.to_owned()))
            }
            CommitOutcome::NotFound(also) => Err(StoreError::Unlearned(format!("{why}; {also}"))),
        }
    }

    /// Connects without a batch that needs it, and migrates if that is due. A load balancer that
    /// watches `/readyz` sends no request before the node is ready.
    fn reconnect(&mut self) {
        match &self.state {
            State::Disconnected { failure: Some(failure) } if failure.at.elapsed() < IDLE_RECONNECT_PAUSE => {
            }
            _ => {
                // The error was logged, and the next batch fails with it.
                let _ = self.open();
            }
        }
    }
}

impl Engine for PostgresEngine {
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        overlap: &mut dyn Overlap,
    ) -> Result<(), StoreError> {
        if !matches!(self.state, State::NextBegun { .. }) || !self.state.is_connected() {
            // Nothing is on its way, and a new connection may take its time.
            overlap.send_answers();
        }
        self.connect()?;
        let now = Instant::now();
        let (mut session, turn) = match std::mem::take(&mut self.state) {
            // It was requested for the same keys, behind the COMMIT of the batch before.
            State::NextBegun { session, turn } => (session, *turn),
            State::Idle(session) | State::InTurn { session, .. } => {
                let turn = session.request_turn(keys.clone());
                (session, turn)
            }
            State::Disconnected { .. } => return Err(no_turn()),
        };
        let requested_at = turn.requested_at;
        let taken = self.runtime.block_on(answering_if_slow(overlap, session.take(turn, rows)));
        // The wait for the turn does not count as time within it. The time between the request and
        // this call does, because the turn may have been granted all the while.
        self.state = State::InTurn { session, begun_at: requested_at + now.elapsed() };
        taken.map_err(|error| self.failure(error))?;
        // What the request of the turn has left out, because the cache had it by then.
        self.find(keys, rows, overlap)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.find(keys, rows, &mut ())
    }

    fn commit(&mut self, changes: &BatchChanges, overlap: &mut dyn Overlap) -> Result<(), StoreError> {
        let (node, protections) = (self.node.clone(), self.options.protections);
        let batch = Batch { changes, node: &node };
        self.round_trip(async |session| {
            if protections.versions && protections.event_numbers {
                save::save(session, &batch, overlap).await
            } else {
                unprotected::save(session, &batch, protections, overlap).await
            }
        })?;
        let State::InTurn { mut session, .. } = std::mem::take(&mut self.state) else {
            return Err(no_turn());
        };
        // The next batch is drawn as late as possible: commands have come while this one was saved.
        let next = if session.may_go_on() { overlap.next_batch() } else { None };
        let mut next = next.map(|keys| Box::new(session.request_turn(keys)));
        let committed = self.runtime.block_on(session.commit(next.as_deref_mut()));
        if let Err(CommitError::Unanswered(why)) = committed {
            drop((session, next));
            return self.find_outcome(&why);
        }
        if committed.is_ok() {
            self.node.batch += 1;
            session.cache.add_committed(changes);
        }
        // After a COMMIT that failed, too: the next turn may be granted, and `rollback` ends it.
        self.state = match next {
            Some(turn) => State::NextBegun { session, turn },
            None => State::Idle(session),
        };
        match committed {
            Err(CommitError::DidNotHappen(error)) => Err(self.failure(error)),
            _ => Ok(()),
        }
    }

    fn rollback(&mut self) {
        // Keeps the turn until the ROLLBACK is answered, though its own answers are skipped: the
        // server comes to the ROLLBACK behind them.
        let (session, _turn) = match std::mem::take(&mut self.state) {
            State::InTurn { session, .. } => (session, None),
            State::NextBegun { session, turn } => (session, Some(turn)),
            state @ (State::Disconnected { .. } | State::Idle(_)) => {
                self.state = state;
                return;
            }
        };
        let ended = self.runtime.block_on(in_time(async {
            Ok::<_, DatabaseError>(session.connection().batch_execute("ROLLBACK").await?)
        }));
        match ended {
            Ok(()) => self.state = State::Idle(session),
            Err(error) => {
                let error = StoreError::from(error);
                tracing::debug!(%error, "a transaction could not be rolled back; its connection is dropped");
            }
        }
    }

    fn maintain(&mut self, pace: Pace) -> Result<(), StoreError> {
        if pace == Pace::Idle {
            self.reconnect();
        }
        Ok(())
    }
}

fn no_turn() -> StoreError {
    StoreError::Unavailable("there is no connection to the database".to_owned())
}

//! How does a case stop the writer at a certain step, and make a commit fail? An engine around the
//! real one.
//!
//! While the gate is closed before a step, the writer's thread waits there, so a case knows what is
//! in the batch and what is still in the queue. The gate also holds the errors that the next steps
//! shall end with.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::{Engine, Overlap, Pace, StoreError};

/// The real engine behind a gate.
struct GatedEngine {
    inner: Box<dyn Engine>,
    gate: Gate,
}

/// What a case holds to control the engine.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<State>, Condvar)>);

/// The step before which the gate is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// The batch has its first commands, and no rows are loaded.
    Begin,
    /// The batch is decided.
    Commit,
}

#[derive(Default)]
struct State {
    closed: Option<Before>,
    /// Whether the writer waits at the gate.
    is_reached: bool,
    next_begin: Option<StoreError>,
    next_commit: Option<StoreError>,
    overlapping_commit: Option<OverlappingCommit>,
}

/// A commit during which the engine begins the next batch, as the one on PostgreSQL does.
struct OverlappingCommit {
    /// The step of the next batch that fails, if one shall.
    next_batch_fails: Option<(Before, StoreError)>,
}

impl Gate {
    /// An engine behind this gate.
    pub(crate) fn engine(&self, inner: Box<dyn Engine>) -> Box<dyn Engine> {
        Box::new(GatedEngine { inner, gate: self.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops every batch before this step.
    pub(crate) fn close(&self, before: Before) {
        self.state().closed = Some(before);
    }

    /// Lets batches go on.
    pub(crate) fn open(&self) {
        self.state().closed = None;
        self.0.1.notify_all();
    }

    /// Waits while the gate is closed before this step.
    fn pass(&self, before: Before) {
        let mut state = self.state();
        while state.closed == Some(before) {
            state.is_reached = true;
            self.0.1.notify_all();
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_reached = false;
    }

    /// Waits until the writer has come to the closed gate.
    pub(crate) fn wait_for_writer(&self) {
        let mut state = self.state();
        while !state.is_reached {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes the next commit begin the batch after it, which then fails at this step, if one is
    /// given.
    pub(crate) fn overlap_next_commit(&self, next_batch_fails: Option<(Before, StoreError)>) {
        self.state().overlapping_commit = Some(OverlappingCommit { next_batch_fails });
    }

    /// Makes the next commit fail before anything is saved.
    pub(crate) fn fail_next_commit(&self, error: StoreError) {
        self.state().next_commit = Some(error);
    }
}

impl Engine for GatedEngine {
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        overlap: &mut dyn Overlap,
    ) -> Result<(), StoreError> {
        self.gate.pass(Before::Begin);
        if let Some(error) = self.gate.state().next_begin.take() {
            return Err(error);
        }
        self.inner.begin(keys, rows, overlap)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.inner.load(keys, rows)
    }

    fn commit(&mut self, changes: &BatchChanges, overlap: &mut dyn Overlap) -> Result<(), StoreError> {
        self.gate.pass(Before::Commit);
        let (error, overlapping) = {
            let mut state = self.gate.state();
            (state.next_commit.take(), state.overlapping_commit.take())
        };
        if let Some(error) = error {
            // An engine that overlaps batches has taken the next one by the time that a commit
            // fails.
            overlap.next_batch();
            return Err(error);
        }
        let Some(OverlappingCommit { next_batch_fails }) = overlapping else {
            return self.inner.commit(changes, overlap);
        };
        assert!(overlap.next_batch().is_some(), "a command waits for the next batch");
        match next_batch_fails {
            Some((Before::Begin, error)) => self.gate.state().next_begin = Some(error),
            Some((Before::Commit, error)) => self.gate.state().next_commit = Some(error),
            None => {}
        }
        self.inner.commit(changes, &mut ())
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn maintain(&mut self, pace: Pace) -> Result<(), StoreError> {
        self.inner.maintain(pace)
    }
}

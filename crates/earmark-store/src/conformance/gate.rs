//! How is the writer held still, and how does a database fail on purpose? An engine around the real one that waits and errs when told.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use earmark_core::{BatchChanges, Keys, WorkingSet};

use crate::{Engine, StoreError};

/// The real engine behind a gate.
pub(super) struct Gated {
    inner: Box<dyn Engine>,
    gate: Gate,
}

/// The hand on the gate.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    closed: bool,
    /// Whether the writer stands before it.
    waiting: bool,
    next_commit: Option<StoreError>,
}

impl Gate {
    /// An engine behind this gate.
    pub(super) fn before(&self, inner: Box<dyn Engine>) -> Box<dyn Engine> {
        Box::new(Gated { inner, gate: self.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets no batch begin.
    pub(super) fn close(&self) {
        self.state().closed = true;
    }

    /// Lets batches begin again.
    pub(super) fn open(&self) {
        self.state().closed = false;
        self.0.1.notify_all();
    }

    /// Waits until a batch stands before the closed gate.
    pub(super) fn wait_for_writer(&self) {
        let mut state = self.state();
        while !state.waiting {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes the next commit fail without having been tried.
    pub(super) fn fail_next_commit(&self, error: StoreError) {
        self.state().next_commit = Some(error);
    }
}

impl Engine for Gated {
    fn begin(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        let mut state = self.gate.state();
        while state.closed {
            state.waiting = true;
            self.gate.0.1.notify_all();
            state = self.gate.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting = false;
        drop(state);
        self.inner.begin(keys, rows)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.inner.load(keys, rows)
    }

    fn commit(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let error = self.gate.state().next_commit.take();
        error.map_or_else(|| self.inner.commit(changes), Err)
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn maintain(&mut self, pace: crate::Pace) -> Result<(), StoreError> {
        self.inner.maintain(pace)
    }
}

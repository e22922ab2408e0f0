//! How is the writer held still, and how does a database fail on purpose? An engine around the real one that waits and errs when told.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use earmark_core::{BatchChanges, Keys, WorkingSet};

use earmark_store::{Engine, Meanwhile, StoreError};

/// The real engine behind a gate.
pub(super) struct Gated {
    inner: Box<dyn Engine>,
    gate: Gate,
}

/// The hand on the gate.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<State>, Condvar)>);

/// Where the gate stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// A batch has its commands and no rows.
    Begin,
    /// It is decided.
    Commit,
}

#[derive(Default)]
struct State {
    closed: Option<Before>,
    /// Whether the writer stands before it.
    waiting: bool,
    next_begin: Option<StoreError>,
    next_commit: Option<StoreError>,
    /// Whether the next commit draws the batch behind it, and what becomes of that one.
    draws: Option<Option<(Before, StoreError)>>,
}

impl Gate {
    /// An engine behind this gate.
    pub(super) fn before(&self, inner: Box<dyn Engine>) -> Box<dyn Engine> {
        Box::new(Gated { inner, gate: self.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets no batch go on from there.
    pub(super) fn close(&self, before: Before) {
        self.state().closed = Some(before);
    }

    /// Lets batches go on.
    pub(super) fn open(&self) {
        self.state().closed = None;
        self.0.1.notify_all();
    }

    /// Stands before it while it is closed there.
    fn pass(&self, before: Before) {
        let mut state = self.state();
        while state.closed == Some(before) {
            state.waiting = true;
            self.0.1.notify_all();
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting = false;
    }

    /// Waits until a batch stands before the closed gate.
    pub(super) fn wait_for_writer(&self) {
        let mut state = self.state();
        while !state.waiting {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes the next commit draw the batch behind it, as an engine does that begins ahead; that one fails there, if it is to.
    pub(super) fn draw_at_next_commit(&self, fails: Option<(Before, StoreError)>) {
        self.state().draws = Some(fails);
    }

    /// Makes the next commit fail without having been tried.
    pub(super) fn fail_next_commit(&self, error: StoreError) {
        self.state().next_commit = Some(error);
    }
}

impl Engine for Gated {
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        meanwhile: &mut dyn Meanwhile,
    ) -> Result<(), StoreError> {
        self.gate.pass(Before::Begin);
        if let Some(error) = self.gate.state().next_begin.take() {
            return Err(error);
        }
        self.inner.begin(keys, rows, meanwhile)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        self.inner.load(keys, rows)
    }

    fn commit(&mut self, changes: &BatchChanges, meanwhile: &mut dyn Meanwhile) -> Result<(), StoreError> {
        self.gate.pass(Before::Commit);
        let (error, draws) = {
            let mut state = self.gate.state();
            (state.next_commit.take(), state.draws.take())
        };
        if let Some(error) = error {
            // Whoever waits has been drawn by the time that a commit fails.
            meanwhile.draw();
            return Err(error);
        }
        let Some(fails) = draws else { return self.inner.commit(changes, meanwhile) };
        assert!(meanwhile.draw().is_some(), "somebody waits");
        match fails {
            Some((Before::Begin, error)) => self.gate.state().next_begin = Some(error),
            Some((Before::Commit, error)) => self.gate.state().next_commit = Some(error),
            None => {}
        }
        self.inner.commit(changes, &mut ())
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn maintain(&mut self, pace: earmark_store::Pace) -> Result<(), StoreError> {
        self.inner.maintain(pace)
    }
}

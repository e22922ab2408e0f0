//! Does the writer keep its promises on top of this engine? Through `Store`, as all other crates
//! use it.
//!
//! Here is what the cases share: a running store whose writer can be stopped before it begins or
//! commits a batch.

pub(crate) mod answers;
pub(crate) mod concurrency;
pub(crate) mod failures;
pub(crate) mod time;

use std::future::Future;
use std::time::Duration;

use earmark_core::items::StockedItem;
use earmark_core::{Answer, Command};
use earmark_store::{Clock, Store, StoreError, StoreOptions, SubmitError};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::commands::{put, sku};
use crate::fixture::Fixture;
use crate::gated_engine::{Before, Gate};
use crate::harness::{Decided, runtime};
use crate::simulation::BEGINNING;

/// What `Store::submit` gives: a decision, or the reason why there is none.
type Submitted = Result<Decided, SubmitError>;

/// A running store on a gated engine, with a clock that a case sets.
struct Running {
    store: Store,
    gate: Gate,
    clock: Clock,
    /// Completes when the writer has ended.
    ended: oneshot::Receiver<Result<(), StoreError>>,
    runtime: Runtime,
}

impl Running {
    fn start(fixture: Fixture) -> Self {
        Self::start_with(fixture, StoreOptions::default().answer_within)
    }

    /// A store whose callers wait this long for an answer.
    fn start_with(fixture: Fixture, answer_within: Duration) -> Self {
        let (gate, clock) = (Gate::default(), Clock::manual(BEGINNING));
        let options = StoreOptions {
            queue_commands_max: 4,
            answer_within,
            clock: clock.clone(),
            ..StoreOptions::default()
        };
        let (store, ended) = Store::start(gate.engine(fixture.engine), fixture.queries, options);
        Self { store, gate, clock, ended, runtime: runtime() }
    }

    fn submit(&self, command: Command) -> Submitted {
        self.runtime.block_on(self.store.submit(command))
    }

    fn must(&self, command: Command) -> Answer {
        self.submit(command).expect("it is answered").expect("the command is right")
    }

    /// Stops the writer with one command in its batch, so that the next commands wait in the queue.
    fn hold(&self) -> JoinHandle<Submitted> {
        self.gate.close(Before::Begin);
        let first = self.spawn(put("held"));
        self.gate.wait_for_writer();
        first
    }

    /// Submits without waiting for the answer, and returns once the command is in the queue.
    fn spawn(&self, command: Command) -> JoinHandle<Submitted> {
        let store = self.store.clone();
        let handle = self.runtime.spawn(async move { store.submit(command).await });
        // The runtime polls the new task once, which sends the command before it waits.
        self.runtime.block_on(tokio::task::yield_now());
        handle
    }

    fn join(&self, handle: JoinHandle<Submitted>) -> Submitted {
        self.runtime.block_on(handle).expect("the task ends")
    }

    /// Waits for a command that must not be rejected.
    fn must_join(&self, handle: JoinHandle<Submitted>) -> Answer {
        self.join(handle).expect("it is answered").expect("the command is right")
    }

    fn find(&self, text: &str) -> Option<StockedItem> {
        let sku = sku(text);
        self.runtime.block_on(self.store.queries().find_item(&sku)).expect("it can be read")
    }

    fn on_hand(&self, text: &str) -> u32 {
        self.find(text).map_or(0, |item| item.stock.on_hand)
    }

    fn has(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// Waits for a signal that must come; the time limit only ends a failing case.
    fn must_come<T>(&self, signal: impl Future<Output = T>) -> T {
        let waiting = async { tokio::time::timeout(Duration::from_secs(60), signal).await };
        self.runtime.block_on(waiting).expect("the signal comes")
    }

    fn must_have_no_breach(&self) {
        let report = self.runtime.block_on(self.store.queries().verify()).expect("it can be read");
        assert!(report.breaches.is_empty(), "{:?}", report.breaches);
    }
}

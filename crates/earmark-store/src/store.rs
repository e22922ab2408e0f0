//! The handle of a running store: submit a command, read, wait for a commit.
//!
//! A store is one writer thread on an [`Engine`], and [`Queries`] beside it. Read `writer.rs` for
//! how commands are carried out, `signal.rs` for how tasks wait for commits.

use std::sync::Arc;
use std::time::Duration;

use earmark_core::{Answer, Command, Rejection};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::{Result, SubmitError};
use crate::options::StoreOptions;
use crate::queries::Queries;
use crate::queue::QueuedCommand;
use crate::signal::{Interest, Signal, Subscription};
use crate::stats::{Counters, StoreStats};
use crate::writer::{Published, Writer};

/// A running store. Clones share it.
#[derive(Clone)]
pub struct Store {
    sender: mpsc::Sender<QueuedCommand>,
    queries: Arc<dyn Queries>,
    signal: Arc<Signal>,
    counters: Arc<Counters>,
    answer_within: Duration,
    clock: Clock,
}

impl Store {
    /// Starts the writer on a thread of its own. The second value completes once the writer has
    /// ended: with `Ok` when every handle is gone and what it had taken is done, or with the error
    /// after which it must not go on.
    pub fn start(
        engine: Box<dyn Engine>,
        queries: Arc<dyn Queries>,
        options: StoreOptions,
    ) -> (Self, oneshot::Receiver<Result<()>>) {
        let (sender, receiver) = mpsc::channel(options.queue_commands_max);
        let (signal, counters) = (Arc::new(Signal::default()), Arc::new(Counters::default()));
        let (clock, answer_within) = (options.clock.clone(), options.answer_within);
        let published = Published { signal: Arc::clone(&signal), counters: Arc::clone(&counters) };
        let writer = Writer::new(engine, receiver, published, options);
        let (ended_sender, ended) = oneshot::channel();
        let body = move || {
            let _ = ended_sender.send(writer.run());
        };
        std::thread::Builder::new().name("writer".into()).spawn(body).expect("a thread can be started");
        (Self { sender, queries, signal, counters, answer_within, clock }, ended)
    }

    /// Has a command decided. The outer error says why there is no answer; the inner one is a
    /// rejection, which left no trace.
    ///
    /// A command that was taken is carried out even if the future is dropped, or if
    /// [`StoreOptions::answer_within`] has passed and this gave [`SubmitError::Unknown`].
    pub async fn submit(&self, command: Command) -> Result<Result<Answer, Rejection>, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(QueuedCommand { command, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SubmitError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => SubmitError::Unavailable,
        })?;
        match tokio::time::timeout(self.answer_within, answer).await {
            Ok(Ok(decided)) => decided,
            Ok(Err(_)) | Err(_) => Err(SubmitError::Unknown),
        }
    }

    /// Signals of what this node commits from now on.
    pub fn subscribe(&self, interest: Interest) -> Subscription {
        self.signal.subscribe(interest)
    }

    /// The read side of the same database.
    pub fn queries(&self) -> &dyn Queries {
        &*self.queries
    }

    /// The clock that the writer decides by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the writer still takes commands.
    pub fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// How much the store has done since it was started.
    pub fn stats(&self) -> StoreStats {
        self.counters.stats(self.sender.max_capacity() - self.sender.capacity())
    }
}

//! When does a worker run, and how does it change anything? It runs on its timer, on its signal,
//! and again at once while it finds more to do. It submits commands on behalf of the system.
//!
//! Nothing depends on a signal: what a signal would have shown is found by the next look on the
//! timer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::{Action, Answer, Caller, Command, Rejection};
use earmark_store::{Store, StoreError, SubmitError};
use tokio::sync::watch;

/// Why a run ended early. The worker runs again later.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// What is due could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// A command got no answer.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// Something that is done again and again, without a request.
#[async_trait]
pub trait Worker: Send + Sync {
    /// The name in logs.
    fn name(&self) -> &'static str;

    /// How long it rests where no signal comes.
    fn period(&self) -> Duration;

    /// Completes when there may be something to do before the rest is over.
    async fn woken(&self) {
        std::future::pending::<()>().await;
    }

    /// Does what is due now and gives how much that was. Zero means that nothing is left.
    async fn run_once(&self) -> Result<usize, WorkerError>;
}

/// Runs a worker until `stop` turns true.
pub async fn run(worker: Arc<dyn Worker>, mut stop: watch::Receiver<bool>) {
    loop {
        match worker.run_once().await {
            Ok(0) => {}
            Ok(done) => {
                tracing::debug!(worker = worker.name(), done, "worked");
                if *stop.borrow() {
                    return;
                }
                // More may be due; other tasks run first.
                tokio::task::yield_now().await;
                continue;
            }
            Err(error) => tracing::warn!(worker = worker.name(), %error, "ended early, runs again later"),
        }
        tokio::select! {
            () = tokio::time::sleep(worker.period()) => {}
            () = worker.woken() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Submits a worker's command, which needs no idempotency key: its action is conditional. A
/// rejection is an ordinary answer, since another node or a client may have been first.
pub(crate) async fn submit(store: &Store, action: Action) -> Result<Result<Answer, Rejection>, SubmitError> {
    store.submit(Command::new(Caller::SYSTEM, action)).await
}

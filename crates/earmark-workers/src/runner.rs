//! When does a worker run? On its signal, on its timer, and again at once while it finds more to do.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use earmark_store::{StoreError, SubmitError};
use tokio::sync::watch;

/// Why a worker stopped short; it tries again later.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The books could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// A command got no answer.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// Something that is done without being asked for.
#[async_trait]
pub trait Worker: Send + Sync {
    /// Its name, for logs.
    fn name(&self) -> &'static str;

    /// How long it rests.
    fn period(&self) -> Duration;

    /// Completes when there may be something to do before the rest is over.
    async fn woken(&self) {
        std::future::pending::<()>().await;
    }

    /// Does what is due now and says how much that was; zero: nothing was left.
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
                // More may be due; let others have their turn first.
                tokio::task::yield_now().await;
                continue;
            }
            Err(error) => tracing::warn!(worker = worker.name(), %error, "stopped short, tries again later"),
        }
        tokio::select! {
            () = tokio::time::sleep(worker.period()) => {}
            () = worker.woken() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

//! What does a run run on? On one thread: all connections together need less of it than the server
//! needs of the rest of the machine.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::LoadError;

/// Runs a future to its end on a runtime of its own, or until SIGINT or SIGTERM; then what it
/// started is ended by drop.
///
/// # Errors
/// The future's own, [`LoadError::Interrupted`], or no runtime.
pub fn block_on<T, E: From<LoadError>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(LoadError::file("runtime"))?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate()).map_err(LoadError::file("SIGTERM"))?;
        let mut interrupted = signal(SignalKind::interrupt()).map_err(LoadError::file("SIGINT"))?;
        tokio::select! {
            result = future => result,
            _ = terminated.recv() => Err(LoadError::Interrupted.into()),
            _ = interrupted.recv() => Err(LoadError::Interrupted.into()),
        }
    })
}

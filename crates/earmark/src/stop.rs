//! How does a process that serves begin and end? It runs until SIGTERM or SIGINT, and does not wait
//! for what still hangs then.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Runs a server on all cores. What it has spawned and what still hangs when it ends is dropped.
pub(crate) fn run_server(server: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(server);
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

/// Completes on SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishes what it has");
    })
}

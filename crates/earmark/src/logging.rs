//! Where do logs go? To standard error, as text for people or as JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;
use crate::config::WrongUsage;

/// Starts logging.
pub(crate) fn start(format: Option<LogFormat>, filter: &str) -> Result<(), WrongUsage> {
    let filter = EnvFilter::try_new(filter).map_err(|error| WrongUsage(format!("--log: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let format = format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json });
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| WrongUsage(format!("logs cannot be started: {error}")))
}

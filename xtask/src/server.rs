//! How is the release binary run for a proof? On a free loopback port, with a throw-away database and a known key.
//!
//! Invariant: the server ends with the value that holds it, and its log is shown when it did not start.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{process, workspace};

/// The admin key of throw-away servers: no secret, they listen on loopback and forget everything.
pub(crate) const ADMIN_KEY: &str = "throw-away-admin-key-of-the-developer-commands";

const START_MAX: Duration = Duration::from_secs(20);
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
}

impl Server {
    /// Starts the release binary with further arguments and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let binary = workspace::release_binary("earmark")?;
        let directory = tempfile::tempdir()?;
        let address = free_address()?;
        let log = std::fs::File::create(log_path(directory.path()))?;
        let child = Command::new(binary)
            .current_dir(directory.path())
            .args([
                "serve",
                "--listen",
                &address,
                "--database",
                "sqlite:earmark.db",
                "--admin-key",
                ADMIN_KEY,
            ])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start earmark")?;
        let mut server = Self { child, directory, url: format!("http://{address}") };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The last lines of the server's log.
    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(log_path(self.directory.path())).unwrap_or_default();
        let lines = log.lines().collect::<Vec<_>>();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Ends the server as an operator would, and expects that it ends in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        process::run(Command::new("kill").args(["-TERM", &id]))?;
        let asked = Instant::now();
        while asked.elapsed() < STOP_MAX {
            if let Some(status) = self.child.try_wait()? {
                anyhow::ensure!(status.success(), "earmark ended with {status}:\n{}", self.log_tail());
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("earmark did not end within {} s after SIGTERM", STOP_MAX.as_secs())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let ready = format!("{}/readyz", self.url);
        while started.elapsed() < START_MAX {
            if let Some(status) = self.child.try_wait()? {
                bail!("earmark ended with {status} instead of serving:\n{}", self.log_tail());
            }
            if ureq::get(&ready).call().is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("earmark was not ready within {} s:\n{}", START_MAX.as_secs(), self.log_tail())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("earmark.log")
}

/// A port that was free a moment ago. Another program may take it first; then the server says so.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

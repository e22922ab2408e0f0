//! What takes the money in a proof? `earmark sandbox-gateway`, a process of its own with a ledger
//! of its own, which stays up when the servers are killed.
//!
//! Invariant: a run has one ledger, on one address, through restarts of either side.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use earmark_load::{Client, LoadError, Request, requests};
use serde_json::{Value, json};

/// Shared by a shop and its gateway.
pub(crate) const SECRET: &str = "a-secret-of-forty-characters-for-proofs1";
/// What the gateway may take to answer the proof itself.
const DEADLINE: Duration = Duration::from_secs(30);

/// The gateway of a run; ended, with its ledger, on drop.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    earmark: PathBuf,
    arguments: Vec<String>,
    address: SocketAddr,
    client: Client,
    folder: tempfile::TempDir,
}

impl Gateway {
    /// Starts one with an empty ledger, on a free port, with these further arguments.
    pub(crate) fn start(earmark: &Path, arguments: &[&str]) -> Result<Gateway, LoadError> {
        let folder = tempfile::Builder::new().prefix("earmark-gateway-").tempdir();
        let folder = folder.map_err(LoadError::file(std::env::temp_dir()))?;
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (child, address) = spawn(earmark, folder.path(), anywhere, &arguments)?;
        let client = Client::anonymous(address, DEADLINE);
        Ok(Gateway { child, earmark: earmark.to_owned(), arguments, address, client, folder })
    }

    /// Ends it with SIGKILL; its ledger stays.
    pub(crate) fn kill(&mut self) {
        // An error means that it has ended already; wait collects it either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same ledger and address.
    pub(crate) fn restart(&mut self) -> Result<(), LoadError> {
        self.kill();
        self.client.forget_connections();
        (self.child, _) = spawn(&self.earmark, self.folder.path(), self.address, &self.arguments)?;
        Ok(())
    }

    /// Starts it again; from now on it sends notifications to this URL.
    pub(crate) fn restart_notifying(&mut self, url: &str) -> Result<(), LoadError> {
        self.arguments.extend(["--webhook-url".to_owned(), url.to_owned()]);
        self.restart()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that its ledger holds.
    pub(crate) async fn entries(&self) -> Result<Vec<Value>, LoadError> {
        let Value::Array(entries) = requests::read(&self.client, "/ledger").await?["entries"].take() else {
            return Err(LoadError::Server("the gateway's ledger is no list".to_owned()));
        };
        Ok(entries)
    }

    /// How often it was called, by kind of call.
    pub(crate) async fn calls(&self) -> Result<BTreeMap<String, u64>, LoadError> {
        self.counts("/stats").await
    }

    /// How often each fault happened.
    pub(crate) async fn faults(&self) -> Result<BTreeMap<String, u64>, LoadError> {
        self.counts("/faults").await
    }

    async fn counts(&self, path: &str) -> Result<BTreeMap<String, u64>, LoadError> {
        let counts = requests::read(&self.client, path).await?;
        let number = |(name, count): (&String, &Value)| Some((name.clone(), count.as_u64()?));
        Ok(counts.as_object().into_iter().flatten().filter_map(number).collect())
    }

    /// From now on no fault by chance.
    pub(crate) async fn stop_faults(&self) -> Result<(), LoadError> {
        self.set_faults(&json!({ "rate": "0" })).await
    }

    /// Faults for the next charges and refunds, one each.
    pub(crate) async fn script(&self, faults: &[&str]) -> Result<(), LoadError> {
        self.set_faults(&json!({ "script": faults })).await
    }

    async fn set_faults(&self, faults: &Value) -> Result<(), LoadError> {
        let request = Request::new("PUT", "/faults").with_body(faults);
        requests::expect(&self.client, &request, 204).await.map(drop)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts the process; its first line says where it listens.
fn spawn(
    earmark: &Path,
    folder: &Path,
    listen: SocketAddr,
    arguments: &[String],
) -> Result<(Child, SocketAddr), LoadError> {
    let mut command = Command::new(earmark);
    command.arg("sandbox-gateway").args(["--listen", &listen.to_string(), "--log", "error"]);
    command.arg("--ledger").arg(folder.join("ledger.jsonl")).args(arguments);
    command.env("EARMARK_GATEWAY_SECRET", SECRET).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(LoadError::file(earmark))?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line).map_err(LoadError::file(earmark))?;
    }
    let address = line.trim().strip_prefix("http://").and_then(|address| address.parse().ok());
    match address {
        Some(address) => Ok((child, address)),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            Err(LoadError::Server("`earmark sandbox-gateway` did not start".to_owned()))
        }
    }
}

//! Where do requests of a run go to? To one server on a file of its own, or to several nodes on one
//! database; the rest of a run does not see the difference.
//!
//! Invariant: all nodes have the same operator's key, so that each can be asked about what another
//! has begun. All of them end, and their folder is removed, on drop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use earmark_random::{Random, fresh_seed};

use crate::client::Client;
use crate::error::LoadError;
use crate::server::{Database, ServerOptions, ServerProcess, Verified, draw_admin_key};
use crate::usage::Usage;

/// What a server may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// What servers to start.
#[derive(Debug, Clone)]
pub struct NodesOptions {
    pub earmark: PathBuf,
    /// Where the folder of the run is made; None: where temporary files go.
    pub parent: Option<PathBuf>,
    /// One for each server; they may differ in the address by which they name the same database.
    pub databases: Vec<Database>,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl NodesOptions {
    /// Servers on one database, `count` of them.
    #[must_use]
    pub fn new(earmark: &Path, database: Database, count: u32) -> NodesOptions {
        NodesOptions {
            earmark: earmark.to_path_buf(),
            parent: None,
            databases: vec![database; count as usize],
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Refuses several servers on one file: the second would not start.
    ///
    /// # Errors
    /// [`LoadError::Options`].
    pub fn check(&self) -> Result<(), LoadError> {
        let shares_a_file = self.databases.len() > 1 && self.databases.contains(&Database::File);
        match self.databases.len() {
            1..=32 if shares_a_file => {
                Err(LoadError::Options("several nodes need a database that they can share".to_owned()))
            }
            1..=32 => Ok(()),
            _ => Err(LoadError::Options("nodes must be 1 to 32".to_owned())),
        }
    }
}

/// The servers of a run; they end, and their folder is removed, on drop.
#[derive(Debug)]
pub struct Nodes {
    // Before the folder, so that each server has ended when its log is removed.
    servers: Vec<ServerProcess>,
    _folder: tempfile::TempDir,
}

impl Nodes {
    /// Starts all of them at once; they are not ready yet. On an empty database they race for its
    /// migration, as they may.
    ///
    /// # Errors
    /// The options are wrong, or a server cannot be started.
    pub fn start(options: &NodesOptions) -> Result<Nodes, LoadError> {
        options.check()?;
        let parent = options.parent.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new().prefix("earmark-load-").tempdir_in(&parent);
        let folder = folder.map_err(LoadError::file(parent))?;
        let admin_key = draw_admin_key(&mut Random::new(fresh_seed()));
        let server = |(number, database): (usize, &Database)| {
            let own_folder = folder.path().join(format!("node-{number}"));
            let server = ServerOptions {
                database: database.clone(),
                admin_key: Some(admin_key.clone()),
                arguments: options.arguments.clone(),
                environment: options.environment.clone(),
                ..ServerOptions::new(&options.earmark, own_folder)
            };
            ServerProcess::start(server)
        };
        let servers = options.databases.iter().enumerate().map(server).collect::<Result<_, _>>()?;
        Ok(Nodes { servers, _folder: folder })
    }

    /// [`Nodes::start`], and waits until each is ready.
    ///
    /// # Errors
    /// As [`Nodes::start`]; or a server ended, or is not ready in time.
    pub async fn start_ready(options: &NodesOptions) -> Result<Nodes, LoadError> {
        let mut nodes = Nodes::start(options)?;
        nodes.wait_ready().await?;
        Ok(nodes)
    }

    /// Waits until each is ready.
    ///
    /// # Errors
    /// A server ended, or is not ready in time.
    pub async fn wait_ready(&mut self) -> Result<(), LoadError> {
        for server in &mut self.servers {
            server.wait_ready(READY_LIMIT).await?;
        }
        Ok(())
    }

    /// How many servers there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one at least")]
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// The first of them, for what any can do.
    #[must_use]
    pub fn first(&self) -> &ServerProcess {
        &self.servers[0]
    }

    /// The server of this number, from 0.
    #[must_use]
    pub fn get(&self, number: usize) -> &ServerProcess {
        &self.servers[number]
    }

    /// The numbers of those whose process has ended.
    pub fn ended(&mut self) -> Vec<usize> {
        let servers = self.servers.iter_mut().enumerate();
        servers.filter_map(|(number, server)| (!server.is_running()).then_some(number)).collect()
    }

    /// From the next start of each on, without this environment variable.
    pub fn forget_environment(&mut self, name: &str) {
        self.servers.iter_mut().for_each(|server| server.forget_environment(name));
    }

    /// Ends one with SIGKILL while the others go on.
    pub fn kill(&mut self, number: usize) {
        self.servers[number].kill();
    }

    /// Starts a killed one again; returns the time until it was ready.
    ///
    /// # Errors
    /// It cannot be started, or is not ready in time.
    pub async fn restart(&mut self, number: usize) -> Result<Duration, LoadError> {
        self.servers[number].restart()?;
        self.servers[number].wait_ready(READY_LIMIT).await
    }

    /// Ends all of them as an operator would.
    ///
    /// # Errors
    /// One has not ended within `limit`, or has not ended in order.
    pub async fn stop(mut self, limit: Duration) -> Result<(), LoadError> {
        for server in &mut self.servers {
            server.stop(limit).await?;
        }
        Ok(())
    }

    /// The addresses of all servers, in their order.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(ServerProcess::address).collect()
    }

    /// A client of each, with the operator's key and without the connections of those before.
    #[must_use]
    pub fn clients(&self) -> Vec<Client> {
        self.servers.iter().map(ServerProcess::client).collect()
    }

    /// A client of each, with the operator's key, that waits for an answer no longer than
    /// `deadline`.
    #[must_use]
    pub fn clients_within(&self, deadline: Duration) -> Vec<Client> {
        let client = |server: &ServerProcess| {
            Client::anonymous(server.address(), deadline).with_token(server.admin_key())
        };
        self.servers.iter().map(client).collect()
    }

    /// Memory and CPU time of all together; zeros for those that do not run.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.servers.iter().map(ServerProcess::usage).fold(Usage::default(), |sum, usage| Usage {
            rss_bytes: sum.rss_bytes + usage.rss_bytes,
            rss_peak_bytes: sum.rss_peak_bytes + usage.rss_peak_bytes,
            cpu_ms: sum.cpu_ms + usage.cpu_ms,
        })
    }

    /// Reads the resident memory of all together, bytes, from wherever it is called.
    pub fn rss_probe(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let probes: Vec<_> = self.servers.iter().map(ServerProcess::rss_probe).collect();
        move || probes.iter().map(|probe| probe()).sum()
    }

    /// Runs `earmark verify` against one of them: they share their database.
    ///
    /// # Errors
    /// The binary cannot be run, or takes longer than `limit`.
    pub async fn verify(&self, limit: Duration) -> Result<Verified, LoadError> {
        self.first().verify(limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_server_and_a_shared_database_has_any() {
        let check =
            |database: Database, count| NodesOptions::new(Path::new("earmark"), database, count).check();
        let url = || Database::Url("postgres://host/orders".to_owned());
        check(Database::File, 1).unwrap();
        check(url(), 1).unwrap();
        check(url(), 4).unwrap();
        assert!(check(Database::File, 2).is_err());
        assert!(check(url(), 0).is_err());
    }
}

//! Where does a proof take place? On a PostgreSQL of its own, and with several nodes, each on a URL of its own to that
//! database: through a proxy, or under a name that the database's lists show.
//!
//! Invariant: all nodes have the same operator's key, and all end, with their folder, on drop.

use std::path::Path;
use std::time::Duration;

use earmark_cluster::ClusterError;
use earmark_load::audit::{Breach, BreachKind};
use earmark_load::client::Client;
use earmark_load::random::{Random, fresh_seed};
use earmark_load::server::draw_admin_key;
use earmark_load::{LoadError, ServerOptions, ServerProcess};

/// What a server may take until it is ready.
pub(crate) const READY_LIMIT: Duration = Duration::from_secs(30);
/// What `earmark verify` may take.
const VERIFY_LIMIT: Duration = Duration::from_secs(120);
/// The environment variable by which a server is told to break a rule.
pub(crate) const FAULT: &str = "EARMARK_FAULT";

/// The nodes of a run.
#[derive(Debug)]
pub(crate) struct Fleet {
    // Before the folder, so that each server has ended when its log is removed.
    pub(crate) servers: Vec<ServerProcess>,
    _folder: tempfile::TempDir,
}

impl Fleet {
    /// Starts one node for each URL, with a fault of [`FAULT`] if one is named, and waits until all are ready.
    pub(crate) async fn start(
        earmark: &Path,
        urls: &[String],
        fault: Option<&str>,
    ) -> Result<Fleet, LoadError> {
        let folder = tempfile::Builder::new().prefix("earmark-prove-").tempdir();
        let folder = folder.map_err(LoadError::file(std::env::temp_dir()))?;
        let admin_key = draw_admin_key(&mut Random::new(fresh_seed()));
        let mut servers = Vec::new();
        for (number, url) in urls.iter().enumerate() {
            let own = folder.path().join(format!("node-{number}"));
            let mut options = ServerOptions::new(earmark, own).on(url, &admin_key);
            options.environment =
                fault.map(|fault| (FAULT.to_owned(), fault.to_owned())).into_iter().collect();
            servers.push(ServerProcess::start(options)?);
        }
        let mut fleet = Fleet { servers, _folder: folder };
        for server in &mut fleet.servers {
            server.wait_ready(READY_LIMIT).await?;
        }
        Ok(fleet)
    }

    /// A client of each node that waits so long for an answer.
    pub(crate) fn clients(&self, deadline: Duration) -> Vec<Client> {
        let client = |server: &ServerProcess| {
            Client::anonymous(server.address(), deadline).with_token(server.admin_key())
        };
        self.servers.iter().map(client).collect()
    }

    /// A client of the first node, for what any can do.
    pub(crate) fn client(&self) -> Client {
        self.servers[0].client()
    }

    /// What `earmark verify` finds.
    pub(crate) async fn verify(&self) -> Result<Vec<Breach>, LoadError> {
        let verified = self.servers[0].verify(VERIFY_LIMIT).await?;
        let breach = || Breach::new(BreachKind::BooksWrong, "earmark verify", verified.output.clone());
        Ok((!verified.passed).then(breach).into_iter().collect())
    }

    /// Nodes that have ended by themselves.
    pub(crate) fn ended(&mut self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for (number, server) in self.servers.iter_mut().enumerate() {
            if !server.is_running() {
                let tail = server.log_tail();
                breaches.push(Breach::new(
                    BreachKind::Refused,
                    format!("node {number}"),
                    format!("ended: {tail}"),
                ));
            }
        }
        breaches
    }
}

/// What stopped the database stops the run.
#[expect(clippy::needless_pass_by_value, reason = "taken by map_err")]
pub(crate) fn database(error: ClusterError) -> LoadError {
    LoadError::Server(format!("PostgreSQL: {error}"))
}

/// Does slow work with the database beside the load, which runs on this thread.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, LoadError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| LoadError::Server(error.to_string()))?.map_err(database)
}

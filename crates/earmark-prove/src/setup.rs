//! Where does a proof take place? On servers that it starts: one on a file of its own, or several
//! nodes on a PostgreSQL of its own, each through a URL that may lead through a proxy.
//!
//! Invariant: a proof ends all that it started. A [`Cluster`] must outlive the nodes on it.

use std::path::Path;

use std::time::Duration;

use earmark_cluster::{Cluster, ClusterError};
use earmark_load::{Database, LoadError, Nodes, NodesOptions};

use crate::check::{Breach, BreachKind};

/// What `earmark verify` may take.
const VERIFY_LIMIT: Duration = Duration::from_secs(300);
/// The environment variable that names a fault which a server puts in on purpose.
pub(crate) const FAULT: &str = "EARMARK_FAULT";

/// The environment of a server with this fault.
pub(crate) fn fault_environment(fault: Option<&str>) -> Vec<(String, String)> {
    fault.map(|fault| (FAULT.to_owned(), fault.to_owned())).into_iter().collect()
}

/// Starts a PostgreSQL with one empty database; returns its URL as well.
pub(crate) async fn start_cluster() -> Result<(Cluster, String), LoadError> {
    let cluster = aside(Cluster::start).await?;
    let url = cluster.create_database().map_err(database_error)?;
    Ok((cluster, url))
}

/// Starts one node for each URL, with a fault if one is named, and waits until all are ready.
pub(crate) async fn start_nodes(
    earmark: &Path,
    urls: Vec<String>,
    fault: Option<&str>,
) -> Result<Nodes, LoadError> {
    let options = NodesOptions {
        databases: urls.into_iter().map(Database::Url).collect(),
        environment: fault_environment(fault),
        ..NodesOptions::new(earmark, Database::File, 1)
    };
    Nodes::start_ready(&options).await
}

/// Gives nodes a short limit for calls to gateways. Each node leaves the first call of a payment to
/// the node that accepted it for so long, and a comparison would wait as long for the payments of a
/// node that was killed.
pub(crate) fn with_brief_first_calls(mut options: NodesOptions) -> NodesOptions {
    options.arguments.extend(["--gateway-timeout".to_owned(), "1s".to_owned()]);
    options
}

/// What `earmark verify` finds.
pub(crate) async fn verify(nodes: &Nodes) -> Result<Option<Breach>, LoadError> {
    let verified = nodes.verify(VERIFY_LIMIT).await?;
    let breach = || Breach::new(BreachKind::VerifyFailed, "earmark verify", verified.output.clone());
    Ok((!verified.passed).then(breach))
}

/// Nodes that have ended by themselves.
pub(crate) fn ended(nodes: &mut Nodes) -> Vec<Breach> {
    let numbers = nodes.ended();
    let breach = |number: usize| {
        let detail = format!("ended: {}", nodes.get(number).log_tail());
        Breach::new(BreachKind::Refused, format!("node {number}"), detail)
    };
    numbers.into_iter().map(breach).collect()
}

/// Empty databases for the runs of a proof: files for one server, databases of one PostgreSQL for
/// several nodes.
#[derive(Debug)]
pub(crate) struct Databases {
    cluster: Option<Cluster>,
}

impl Databases {
    pub(crate) async fn for_nodes(count: u32) -> Result<Databases, LoadError> {
        let cluster = if count > 1 { Some(aside(Cluster::start).await?) } else { None };
        Ok(Databases { cluster })
    }

    /// One that no server has used.
    pub(crate) fn create(&self) -> Result<Database, LoadError> {
        let Some(cluster) = &self.cluster else { return Ok(Database::File) };
        cluster.create_database().map(Database::Url).map_err(database_error)
    }
}

/// An error of the database as one of the run, which it ends.
#[expect(clippy::needless_pass_by_value, reason = "taken by map_err")]
pub(crate) fn database_error(error: ClusterError) -> LoadError {
    LoadError::Server(format!("PostgreSQL: {error}"))
}

/// Does slow work with the database beside the load, which runs on this thread.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(work).await?.map_err(database_error)
}

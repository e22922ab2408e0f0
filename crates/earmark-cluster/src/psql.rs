//! How do tests query a server? With psql, as superuser. It is installed with PostgreSQL, and it
//! shares no code with what is tested.

use std::path::PathBuf;

use crate::cluster::ADMIN;
use crate::error::ClusterError;
use crate::installation::{Installation, run};

/// Runs statements on one server. It may outlive the server, and then each query fails.
#[derive(Debug, Clone)]
pub struct Psql {
    pub(crate) installation: Installation,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) password: String,
}

impl Psql {
    /// What psql prints for some statements: columns are divided by `|`, and there is no header.
    ///
    /// # Errors
    /// The server does not run, or refuses. The error shows what psql printed.
    pub fn query(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        let mut psql = self.installation.command("psql", &self.folder);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", ADMIN]);
        psql.args(["-p", &self.port.to_string(), "-d", database, "-f", "-"]);
        psql.env("PGPASSWORD", &self.password).env("PGCONNECT_TIMEOUT", "10");
        run(&mut psql, "psql", sql).map(|output| output.trim_end().to_owned())
    }
}

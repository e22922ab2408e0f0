//! How does one look into a server? Through psql, as superuser: it is there, and shares no code with what is tested.

use std::path::PathBuf;

use crate::cluster::ADMIN;
use crate::error::ClusterError;
use crate::installation::{Installation, run};

/// Asks one server; may outlive it, and then gets no answer.
#[derive(Debug, Clone)]
pub struct Psql {
    pub(crate) installation: Installation,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    pub(crate) password: String,
}

impl Psql {
    /// What psql prints of some statements: columns divided by `|`, no header.
    ///
    /// # Errors
    /// The server is not there, or refuses; with its words.
    pub fn query(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        let mut psql = self.installation.command("psql", &self.folder);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", ADMIN]);
        psql.args(["-p", &self.port.to_string(), "-d", database, "-f", "-"]);
        psql.env("PGPASSWORD", &self.password).env("PGCONNECT_TIMEOUT", "10");
        run(&mut psql, "psql", sql).map(|output| output.trim_end().to_owned())
    }
}

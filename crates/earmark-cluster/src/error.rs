//! Why can a server not be started or used?
//!
//! Invariant: an error of a program shows what the program printed, or the end of the server's log.

use std::path::PathBuf;

/// What stops a cluster from being started or used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no PostgreSQL 15 or newer on this machine.
    #[error(
        "no PostgreSQL 15 or newer in {looked_in}: install it with `apt-get install postgresql` \
         (`cargo xtask test` does that by itself)"
    )]
    Missing { looked_in: String },
    /// A file, folder or program could not be used.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// A program of PostgreSQL failed, or the server did not reach the state that was waited for.
    #[error("{what}: {output}")]
    Failed {
        what: String,
        /// What the program printed, or the end of the server's log.
        output: String,
    },
}

impl ClusterError {
    /// Adds the path to an I/O error.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> ClusterError {
        let path = path.into();
        move |source| ClusterError::File { path, source }
    }

    /// What failed, and the output that explains it.
    pub(crate) fn failed(what: impl Into<String>, output: impl Into<String>) -> ClusterError {
        ClusterError::Failed { what: what.into(), output: output.into() }
    }
}

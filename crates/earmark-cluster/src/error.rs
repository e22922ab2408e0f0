//! Why is there no PostgreSQL?

use std::path::PathBuf;

/// What stops a cluster from being started or used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server of PostgreSQL 15 or newer on this machine.
    #[error(
        "no PostgreSQL 15 or newer in {looked_in}: install it with `apt-get install postgresql` \
         (`cargo xtask test` does that by itself)"
    )]
    Missing {
        /// Where it was looked for.
        looked_in: String,
    },
    /// A file, folder or program could not be used.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A program of PostgreSQL, or the server, did not do what it was asked for.
    #[error("{what}: {output}")]
    Failed {
        /// Which one, and what for.
        what: String,
        /// What it said, or the end of its log.
        output: String,
    },
}

impl ClusterError {
    /// Names the file in an I/O error.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> ClusterError {
        let path = path.into();
        move |source| ClusterError::File { path, source }
    }

    /// Says what went wrong, and what was seen of it.
    pub(crate) fn failed(what: impl Into<String>, output: impl Into<String>) -> ClusterError {
        ClusterError::Failed { what: what.into(), output: output.into() }
    }
}

//! Why could a run not be finished? (A run that finishes and finds something wrong is a report, not
//! an error.)

use std::path::PathBuf;

use crate::client::{ClientError, Request, Response};

/// What stops a run before it has a result.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A request got no usable answer.
    #[error("{request}: {source}")]
    Client {
        /// The method and path of it.
        request: String,
        source: ClientError,
    },
    /// A request was answered with something that the run cannot go on with.
    #[error("{request} answered {status}: {body}")]
    Unexpected {
        /// The method and path of it.
        request: String,
        status: u16,
        /// The first bytes of the answer.
        body: String,
    },
    /// A file, folder or process could not be used.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// The server did not start, or ended by itself.
    #[error("server: {0}")]
    Server(String),
    /// Options that cannot be carried out together.
    #[error("options: {0}")]
    Options(String),
    /// The run was asked to end by a signal.
    #[error("interrupted")]
    Interrupted,
}

impl LoadError {
    /// Names the file in an I/O error.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> LoadError {
        let path = path.into();
        move |source| LoadError::File { path, source }
    }

    /// An answer that a run cannot go on with, with the request that got it.
    #[must_use]
    pub fn unexpected(request: &Request, response: &Response) -> LoadError {
        let (request, status, body) = (request.name(), response.status, response.excerpt());
        LoadError::Unexpected { request, status, body }
    }

    /// Names the request in a client error.
    pub fn client(request: impl Into<String>) -> impl FnOnce(ClientError) -> LoadError {
        let request = request.into();
        move |source| LoadError::Client { request, source }
    }
}

impl From<tokio::task::JoinError> for LoadError {
    fn from(error: tokio::task::JoinError) -> LoadError {
        LoadError::Server(error.to_string())
    }
}

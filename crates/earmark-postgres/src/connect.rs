//! How is the database reached? Within a time limit, and only at a server that takes writes.
//!
//! `dial.rs` chooses among several hosts, and `session.rs` sets the limits of a connection.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;

use crate::database_url::DatabaseUrl;
use crate::dial::dial;
use crate::error::describe;
use crate::open_error::OpenError;
use crate::session::{Session, prepare_writer};

/// How long all hosts together may take until a connection can be used.
const READY_TIMEOUT: Duration = Duration::from_secs(4);

/// Opens a connection. A task on the current runtime carries its bytes.
pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Session, OpenError> {
    let tls = url.tls()?;
    let connected = tokio::time::timeout(READY_TIMEOUT, dial(url.config(), &tls)).await;
    let late = || OpenError::Away(format!("{url}: no answer within {READY_TIMEOUT:?}"));
    let (client, task) = connected.map_err(|_| late())?.map_err(|error| refused(url, &error))?;
    Ok(ClientWrapper::new(client, task))
}

/// What it means that no connection was made.
pub(crate) fn refused(url: &DatabaseUrl, error: &tokio_postgres::Error) -> OpenError {
    let text = format!("{url}: {}", describe(error));
    match error.code() {
        // Class 28: wrong user or password. Class 3D: no such database.
        Some(code) if code.code().starts_with("28") || *code == SqlState::INVALID_CATALOG_NAME => {
            OpenError::Denied(text)
        }
        Some(_) => OpenError::Away(text),
        None if takes_no_writes(error) => OpenError::ReadOnly(url.to_string()),
        None if text.contains("password missing") => OpenError::Denied(text),
        None => OpenError::Away(text),
    }
}

/// Whether every host was tried, and the last one is a standby or read-only.
fn takes_no_writes(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| source.kind() == std::io::ErrorKind::PermissionDenied)
}

/// Opens a connection that is prepared for writing.
pub(crate) async fn connect_writer(url: &DatabaseUrl) -> Result<Session, OpenError> {
    let session = connect(url).await?;
    prepare_writer(&session).await?;
    Ok(session)
}

//! Is this a database that we may use? Connects, checks the server, migrates. What will pass by itself is told once and tried again; what will not
//! is an error at once.

use earmark_store::migrations::SchemaError;

use crate::connect::{DatabaseUrl, Session, connect};
use crate::engine::PostgresEngine;
use crate::fault::{BrokenOnPurpose, Fault};
use crate::migrate::{Migrations, check, migrate};
use crate::queries::PostgresQueries;
use crate::session::{prepare_reader, prepare_writer};

/// How the engine runs.
#[derive(Clone, Copy, Debug)]
pub struct PostgresOptions {
    /// Connections for reads; there are two more: the one that writes, and the one that groups events.
    pub readers: usize,
    /// Events in a segment of the index by item.
    pub segment_events: usize,
    /// What spreads the tables over machines, if anything does.
    pub distributed: Option<Distributed>,
    /// For proofs only.
    pub broken: Option<BrokenOnPurpose>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { readers: 8, segment_events: 16_384, distributed: None, broken: None }
    }
}

/// What spreads the tables over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distributed {
    /// The extension Citus: one more migration distributes the tables.
    Citus,
}

/// Why a database cannot be used, for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers.
    #[error("the database is away: {0}")]
    Away(String),
    /// It answers, but takes no writes.
    #[error("no host of {0} takes writes: all are standbys or read-only")]
    ReadOnly(String),
    /// It does not let us in.
    #[error("the database does not let us in: {0}")]
    Denied(String),
    /// The server is older than what is tested.
    #[error("{found} is too old: PostgreSQL 15 or newer is needed")]
    TooOld {
        /// What it calls itself.
        found: String,
    },
    /// Its schema is not one that this version may write to.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// Something in it is not as it should be.
    #[error("the database cannot be used: {0}")]
    Unusable(String),
}

impl OpenError {
    /// Whether it may pass without anyone changing how we were started.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Away(_) | Self::ReadOnly(_))
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        let ends_session = fault.ends_session();
        let text = earmark_store::StoreError::from(fault).to_string();
        if ends_session { Self::Away(text) } else { Self::Unusable(text) }
    }
}

/// Opens a database: the half that writes, and the half that reads. One that is away, or takes no writes now, is opened all the same: it is tried again
/// whenever it is needed. Blocks; not to be called from a task.
///
/// # Errors
/// What will not pass by itself: see [`OpenError::passes`].
pub fn open(
    url: &DatabaseUrl,
    options: PostgresOptions,
) -> Result<(PostgresEngine, PostgresQueries), OpenError> {
    let queries = PostgresQueries::new(url, options.readers)?;
    let mut engine = PostgresEngine::new(url.clone(), options)?;
    match engine.open() {
        Ok(()) => {}
        Err(error) if error.passes() => {
            tracing::warn!(%error, "starting without the database; it is tried again");
        }
        Err(error) => return Err(error),
    }
    Ok((engine, queries))
}

/// Opens a database to read, on any host, without changing anything in it.
///
/// # Errors
/// If it cannot be reached, or has a schema that this version does not know.
pub async fn open_to_read(url: &DatabaseUrl) -> Result<PostgresQueries, OpenError> {
    let url = url.clone().any_host();
    let session = connect(&url).await?;
    prepare_reader(&session).await?;
    check(&session).await?;
    PostgresQueries::new(&url, 1)
}

/// Connects the half that writes.
pub(crate) async fn open_writer(
    url: &DatabaseUrl,
    distributed: Option<Distributed>,
) -> Result<Session, OpenError> {
    let session = connect(url).await?;
    prepare_writer(&session).await?;
    migrate(&session, &Migrations::of(distributed)).await?;
    Ok(session)
}

//! How is a database opened? By connecting, checking the server and migrating.
//!
//! An error that may pass by itself is logged, and opening is tried again later. Any other error is
//! returned at once.

use crate::connect::connect;
use crate::database_url::DatabaseUrl;
use crate::engine::PostgresEngine;
use crate::migrate::check;
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::queries::PostgresQueries;
use crate::session::prepare_reader;

/// Opens a database: the half that writes, and the half that reads. If it cannot be reached or
/// takes no writes now, it is opened all the same, and connecting is tried again whenever it is
/// needed. Blocks, so it must not be called from a task.
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

/// Opens a database to read, on any host, a standby too. Changes nothing in it.
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

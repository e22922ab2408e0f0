//! How are rows found and read? The writer, the queries and the verification share this, so that
//! all of them see the same thing.

pub(crate) mod carts;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod orders;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::Result;
use crate::session::Session;

/// Runs a statement, which is prepared once for each connection.
pub(crate) async fn query(
    session: &Session,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>> {
    let statement = session.prepare_cached(sql).await?;
    Ok(session.query(&statement, parameters).await?)
}

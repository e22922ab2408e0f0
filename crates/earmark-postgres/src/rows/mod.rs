//! How are rows found and read? Shared by the writer, the read side and the audit, so that all of them see the same thing.

pub(crate) mod carts;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod orders;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::DatabaseError;
use crate::session::Session;

/// The rows of a statement, prepared once a connection.
pub(crate) async fn query(
    session: &Session,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, DatabaseError> {
    let statement = session.prepare_cached(sql).await?;
    Ok(session.query(&statement, parameters).await?)
}

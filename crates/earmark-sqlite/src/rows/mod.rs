//! How is a row found and read? The writer, the queries and the verification share this, so that
//! all of them see the same thing.

pub(crate) mod carts;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod items;
pub(crate) mod keys;
pub(crate) mod orders;

use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::error::Result;

/// All rows that a statement finds.
pub(crate) fn query<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_and_then(parameters, read)?.collect()
}

/// The row that a statement finds, if it finds one.
pub(crate) fn query_one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let found = connection.prepare_cached(sql)?.query_row(parameters, |row| Ok(read(row)));
    found.optional()?.transpose()
}

//! How is an API key found and read?

use earmark_core::ApiKey;
use earmark_core::ids::KeyId;
use earmark_core::text::Name;
use earmark_store::codes;
use rusqlite::{Connection, Row};

use super::query_one;
use crate::codec;
use crate::error::Result;

pub(crate) fn find(connection: &Connection, id: KeyId) -> Result<Option<ApiKey>> {
    let sql =
        "SELECT id, version, name, role, secret_hash, created_at, revoked_at FROM api_keys WHERE id = ?1";
    query_one(connection, sql, [id.to_bytes()], read)
}

/// The key in a row of id, version, name, role, secret_hash, created_at, revoked_at.
pub(crate) fn read(row: &Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: KeyId::from_bytes(row.get(0)?),
        version: codec::count(row, 1)?,
        name: codec::optional_text(row, 2, Name::parse)?,
        role: codes::role(row.get(3)?)?,
        secret_hash: row.get(4)?,
        created_at: codec::time(row, 5)?,
        revoked_at: codec::optional_time(row, 6)?,
    })
}

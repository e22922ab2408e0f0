//! How is an API key found and read?

use earmark_core::ApiKey;
use earmark_core::ids::KeyId;
use earmark_core::text::Name;
use earmark_store::codes;
use tokio_postgres::Row;
use uuid::Uuid;

use super::query;
use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::session::Session;

/// The columns that [`read`] takes.
pub(crate) const COLUMNS: &str = "id, version, name, role, secret_hash, created_at, revoked_at";

/// The keys that have these ids, in no order.
pub(crate) async fn find(session: &Session, ids: &[Uuid]) -> Result<Vec<ApiKey>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE id = ANY($1)");
    query(session, &sql, &[&ids]).await?.iter().map(read).collect()
}

pub(crate) async fn find_one(session: &Session, id: KeyId) -> Result<Option<ApiKey>> {
    Ok(find(session, &[Uuid::from_u128(id.0)]).await?.pop())
}

/// The key in a row of [`COLUMNS`].
pub(crate) fn read(row: &Row) -> Result<ApiKey> {
    let hash: &[u8] = codec::get(row, 4)?;
    Ok(ApiKey {
        id: KeyId(codec::bits(row, 0)?),
        version: codec::count(row, 1)?,
        name: codec::optional_text(row, 2, Name::parse)?,
        role: codes::role(codec::number(row, 3)?)?,
        secret_hash: hash.try_into().map_err(|error| DatabaseError::damaged("the hash of a key", error))?,
        created_at: codec::time(row, 5)?,
        revoked_at: codec::optional_time(row, 6)?,
    })
}

//! Lists API keys, by id.

use earmark_core::ids::KeyId;
use earmark_core::keys::ApiKey;
use earmark_store::Page;

use crate::codec;
use crate::error::Result;
use crate::rows::keys::read;
use crate::snapshot::Snapshot;

/// A page of the keys after an id.
pub(super) fn list(snapshot: &Snapshot<'_>, after: Option<KeyId>, limit: usize) -> Result<Page<ApiKey>> {
    let mut statement = snapshot.connection.prepare_cached(
        "SELECT id, version, name, role, secret_hash, created_at, revoked_at FROM api_keys \
         WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query((after.map(KeyId::to_bytes), codec::limit(limit.saturating_add(1))))?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        keys.push(read(row)?);
    }
    Ok(Page::of(keys, limit))
}

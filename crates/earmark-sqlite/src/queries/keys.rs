//! Lists API keys, by id.

use earmark_core::ApiKey;
use earmark_core::ids::KeyId;
use earmark_store::Page;

use crate::codec;
use crate::error::Result;
use crate::rows::keys::read;
use crate::rows::query;
use crate::snapshot::Snapshot;

/// A page of the keys after an id.
pub(super) fn list(snapshot: &Snapshot<'_>, after: Option<KeyId>, limit: usize) -> Result<Page<ApiKey>> {
    let sql = "SELECT id, version, name, role, secret_hash, created_at, revoked_at FROM api_keys \
               WHERE ?1 IS NULL OR id > ?1 ORDER BY id LIMIT ?2";
    let parameters = (after.map(KeyId::to_bytes), codec::limit(limit.saturating_add(1)));
    Ok(Page::of(query(snapshot.connection, sql, parameters, read)?, limit))
}

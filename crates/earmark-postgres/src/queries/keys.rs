//! Lists API keys, by id.

use earmark_core::ApiKey;
use earmark_core::ids::KeyId;
use earmark_store::Page;
use uuid::Uuid;

use crate::codec;
use crate::error::Result;
use crate::rows::keys::{COLUMNS, read};
use crate::rows::query;
use crate::session::Session;

/// A page of the keys after an id.
pub(super) async fn list(session: &Session, after: Option<KeyId>, limit: usize) -> Result<Page<ApiKey>> {
    let sql =
        format!("SELECT {COLUMNS} FROM api_keys WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2");
    let after = after.map(|id| Uuid::from_u128(id.0));
    let rows = query(session, &sql, &[&after, &codec::limit(limit.saturating_add(1))]).await?;
    Ok(Page::of(rows.iter().map(read).collect::<Result<_, _>>()?, limit))
}

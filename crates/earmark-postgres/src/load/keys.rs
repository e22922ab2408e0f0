//! Loads API keys by id.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::ids::KeyId;
use earmark_core::keys::ApiKey;
use uuid::Uuid;

use crate::error::Result;
use crate::rows;
use crate::session::Session;

pub(super) async fn find(session: &Session, ids: &HashSet<KeyId>) -> Result<Vec<ApiKey>> {
    let ids: Vec<_> = ids.iter().map(|id| Uuid::from_u128(id.0)).collect();
    rows::keys::find(session, &ids).await
}

pub(super) fn put(found: Vec<ApiKey>, ids: &HashSet<KeyId>, rows: &mut WorkingSet) {
    for key in found {
        rows.api_keys.put_loaded(key.id, Some(key));
    }
    ids.iter().for_each(|id| rows.api_keys.put_loaded(*id, None));
}

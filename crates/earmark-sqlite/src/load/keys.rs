//! Loads API keys by id.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::ids::KeyId;
use rusqlite::Connection;

use crate::error::Result;

pub(super) fn load(connection: &Connection, ids: &HashSet<KeyId>, rows: &mut WorkingSet) -> Result<()> {
    for id in ids {
        rows.api_keys.put_loaded(*id, crate::rows::keys::find(connection, *id)?);
    }
    Ok(())
}

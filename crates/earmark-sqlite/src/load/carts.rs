//! Loads carts by id.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::ids::CartId;
use rusqlite::Connection;

use crate::error::Result;

pub(super) fn load(connection: &Connection, ids: &HashSet<CartId>, rows: &mut WorkingSet) -> Result<()> {
    for id in ids {
        rows.carts.put_loaded(*id, crate::rows::carts::find(connection, *id)?);
    }
    Ok(())
}

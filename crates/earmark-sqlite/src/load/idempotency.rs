//! Loads used idempotency keys by digest, through the deferred index.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use rusqlite::Connection;

use crate::deferred::Deferred;
use crate::error::Result;

pub(super) fn load(
    connection: &Connection,
    deferred: &mut Deferred,
    digests: &HashSet<[u8; 16]>,
    rows: &mut WorkingSet,
) -> Result<()> {
    for digest in digests {
        rows.idempotency.put_loaded(*digest, deferred.load_idempotency(connection, digest)?);
    }
    Ok(())
}

//! Used idempotency keys, found through the deferred index.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use rusqlite::Connection;

use crate::deferred::Deferred;
use crate::fault::Fault;

pub(super) fn load(
    connection: &Connection,
    deferred: &Deferred,
    digests: &HashSet<[u8; 16]>,
    rows: &mut WorkingSet,
) -> Result<(), Fault> {
    for digest in digests {
        let found = deferred.find_idempotency(connection, digest)?;
        rows.idempotency.put_loaded(*digest, found.map(|(_, record)| record));
    }
    Ok(())
}

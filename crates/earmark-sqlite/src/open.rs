//! How is a database opened? By taking its lock, checking the version of SQLite, connecting and
//! migrating.

use std::path::Path;

use crate::checkpoints::Checkpoints;
use crate::connect::open_writer;
use crate::deferred::Deferred;
use crate::engine::SqliteEngine;
use crate::lock::FileLock;
use crate::migrate::migrate;
use crate::open_error::OpenError;
use crate::options::SqliteOptions;
use crate::queries::SqliteQueries;
use crate::segments::Segments;

/// 3.51.3. Older ones can damage a database in WAL mode when two connections write or checkpoint at
/// the same moment.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// Opens or creates a database: the half that writes, and the half that reads.
///
/// # Errors
/// If another process has it, a newer version wrote it, or it cannot be read.
pub fn open(path: &Path, options: SqliteOptions) -> Result<(SqliteEngine, SqliteQueries), OpenError> {
    check_version(rusqlite::version_number(), rusqlite::version())?;
    let lock = FileLock::take(path)?;
    let mut writer = open_writer(path, &options)?;
    migrate(&mut writer)?;
    let deferred = Deferred::open(&writer, options.generation_entries)?;
    let segments = Segments::open(&writer, path, &options)?;
    let queries = SqliteQueries::open(path, &options, deferred.customers())?;
    let checkpoints = Checkpoints::new(options.checkpoint_pages);
    Ok((SqliteEngine { connection: writer, deferred, segments, checkpoints, _lock: lock }, queries))
}

fn check_version(number: i32, found: &'static str) -> Result<(), OpenError> {
    if number < SQLITE_VERSION_MIN { Err(OpenError::OldSqlite { found }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_with_the_wal_reset_bug_is_refused() {
        assert!(matches!(check_version(3_051_002, "3.51.2"), Err(OpenError::OldSqlite { .. })));
        check_version(rusqlite::version_number(), rusqlite::version()).unwrap();
    }
}

//! Is this a database that we may use? Takes the lock, checks the version of SQLite, sets what must be set and reads back that it was, migrates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use earmark_store::migrations::SchemaError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::deferred::Deferred;
use crate::engine::SqliteEngine;
use crate::fault::Fault;
use crate::lock::FileLock;
use crate::maintain::Checkpoints;
use crate::migrate::migrate;
use crate::queries::SqliteQueries;
use crate::segments::Segments;

/// 3.51.3: older ones can damage a WAL database when two connections write or checkpoint at the same moment.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// How long a connection waits for another one; only recovery and the end of the WAL ever lock readers out.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept by a connection: all there are.
const STATEMENTS: usize = 128;

/// How the engine runs. The defaults are measured.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// Reads at the same time.
    pub readers: usize,
    /// Page cache of the writer, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reader, in KiB.
    pub reader_cache_kib: u32,
    /// Entries that a deferred index holds in memory before it begins to write them.
    pub generation_entries: usize,
    /// Events in a segment of the index by item.
    pub segment_events: usize,
    /// Pages in the WAL that make the writer checkpoint.
    pub checkpoint_pages: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            writer_cache_kib: 32 * 1024,
            reader_cache_kib: 2 * 1024,
            generation_entries: 65_536,
            segment_events: 16_384,
            checkpoint_pages: 2_000,
        }
    }
}

/// Why a database could not be opened, for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{path} is in use by another process; one server at a time may open it")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A file cannot be opened.
    #[error("cannot open {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its schema is not one that this version may write to.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// This SQLite can damage the file.
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed")]
    OldSqlite {
        /// Its version.
        found: &'static str,
    },
    /// A setting does not hold.
    #[error("SQLite did not take the setting {name}: it is {value}")]
    Setting {
        /// Which one.
        name: &'static str,
        /// What it is instead.
        value: String,
    },
    /// Something in it cannot be read.
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
    /// SQLite's own error.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => Self::Sqlite(error),
            other => Self::Unreadable(earmark_store::StoreError::from(other).to_string()),
        }
    }
}

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

fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    set(&connection, "journal_mode", "wal")?;
    set(&connection, "synchronous", "2")?;
    set(&connection, "foreign_keys", "1")?;
    set(&connection, "wal_autocheckpoint", "0")?;
    set(&connection, "temp_store", "2")?;
    // The WAL is written over again and again; cutting it would cost an append each time.
    set(&connection, "journal_size_limit", "-1")?;
    set_common(&connection, options.writer_cache_kib)?;
    Ok(connection)
}

/// A connection that can only read.
pub(crate) fn open_reader(path: &Path, cache_kib: u32) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    set(&connection, "query_only", "1")?;
    set_common(&connection, cache_kib)?;
    Ok(connection)
}

fn set_common(connection: &Connection, cache_kib: u32) -> Result<(), OpenError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans must not depend on bound values: SQLite would prepare many statements anew whenever they come back from the cache.
    if !connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)? {
        return Err(OpenError::Setting { name: "ENABLE_QPSG", value: "off".to_owned() });
    }
    set(connection, "cache_size", &format!("-{cache_kib}"))?;
    connection.execute_batch("PRAGMA mmap_size = 0")?;
    set(connection, "trusted_schema", "0")?;
    set(connection, "cell_size_check", "1")
}

/// Sets a pragma and reads back that it holds.
fn set(connection: &Connection, name: &'static str, wanted: &str) -> Result<(), OpenError> {
    connection.execute_batch(&format!("PRAGMA {name} = {wanted}"))?;
    let value =
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0))?;
    let value = match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    if value == wanted { Ok(()) } else { Err(OpenError::Setting { name, value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_with_the_wal_reset_bug_is_refused() {
        assert!(matches!(check_version(3_051_002, "3.51.2"), Err(OpenError::OldSqlite { .. })));
        check_version(rusqlite::version_number(), rusqlite::version()).unwrap();
    }

    #[test]
    fn sqlite_is_built_without_what_we_do_not_want() {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare("PRAGMA compile_options").unwrap();
        let options = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let options: Vec<_> = options.map(Result::unwrap).collect();
        for wanted in ["DQS=0", "DEFAULT_MEMSTATUS=0"] {
            assert!(options.iter().any(|option| option == wanted), "{wanted}: {options:?}");
        }
        assert!(!options.iter().any(|option| option == "ENABLE_LOAD_EXTENSION"), "{options:?}");
        assert!(options.iter().any(|option| option.starts_with("THREADSAFE=")), "{options:?}");
        assert!(!options.iter().any(|option| option == "THREADSAFE=0"), "{options:?}");
    }

    #[test]
    fn a_prepared_statement_stays_prepared_whatever_is_bound() {
        let prepared_anew = |connection: &Connection| {
            connection
                .execute_batch(
                    "CREATE TABLE t (a BLOB, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID; \
                     INSERT INTO t VALUES (x'07', 1), (x'07', 2)",
                )
                .unwrap();
            let sql = "SELECT b FROM t WHERE a = ?1 ORDER BY b";
            for bound in 0..10_u8 {
                assert_eq!(connection.prepare_cached(sql).unwrap().exists([[bound]]).unwrap(), bound == 7);
            }
            connection.prepare_cached(sql).unwrap().get_status(rusqlite::StatementStatus::RePrepare)
        };
        let plain = Connection::open_in_memory().unwrap();
        assert!(prepared_anew(&plain) > 0, "without the setting it is prepared again and again");
        let ours = Connection::open_in_memory().unwrap();
        set_common(&ours, 1_000).unwrap();
        assert_eq!(prepared_anew(&ours), 0);
    }

    #[test]
    fn a_setting_that_does_not_hold_is_seen() {
        let connection = Connection::open_in_memory().unwrap();
        let refused = set(&connection, "journal_mode", "wal");
        assert!(matches!(refused, Err(OpenError::Setting { name: "journal_mode", .. })), "{refused:?}");
    }
}

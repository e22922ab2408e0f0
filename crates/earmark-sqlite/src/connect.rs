//! How are the connections to the file made? Every setting that matters is set, and read back to
//! see that it holds.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::open_error::OpenError;
use crate::options::SqliteOptions;

/// How long a connection waits for another one. Only recovery and the end of the WAL ever lock
/// readers out.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps: all there are.
const STATEMENTS: usize = 128;

pub(crate) fn open_writer(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    set(&connection, "journal_mode", "wal")?;
    set(&connection, "synchronous", "2")?;
    set(&connection, "foreign_keys", "1")?;
    set(&connection, "wal_autocheckpoint", "0")?;
    set(&connection, "temp_store", "2")?;
    // The WAL is written over again and again. If it were cut, it would have to grow again each
    // time.
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
    // Plans must not depend on bound values. Otherwise SQLite would prepare many statements anew
    // whenever they come back from the cache.
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
        let set = Connection::open_in_memory().unwrap();
        set_common(&set, 1_000).unwrap();
        assert_eq!(prepared_anew(&set), 0);
    }

    #[test]
    fn a_setting_that_does_not_hold_is_seen() {
        let connection = Connection::open_in_memory().unwrap();
        let refused = set(&connection, "journal_mode", "wal");
        assert!(matches!(refused, Err(OpenError::Setting { name: "journal_mode", .. })), "{refused:?}");
    }
}

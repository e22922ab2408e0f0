//! Does the file have the schema that this version knows?
//!
//! Missing migrations are applied, each in a transaction of its own. Applied ones must be what they
//! were. One that is not known here means that a newer version wrote the file, and it is left as it
//! is.

use earmark_store::migrations::{Applied, Migration, checksum, missing};
use rusqlite::{Connection, TransactionBehavior};

use crate::open_error::OpenError;

/// All migrations, in order: `NNNN_name.sql`. One that was released never changes.
const MIGRATIONS: &[Migration] = &[("0001_initial", include_str!("migrations/0001_initial.sql"))];

/// Brings the file to this version's schema.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    run(connection, MIGRATIONS)
}

fn run(connection: &mut Connection, known: &[Migration]) -> Result<(), OpenError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT",
    )?;
    for (number, migration) in missing(known, &applied(connection)?)? {
        apply(connection, number, migration)?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> Result<Vec<Applied>, OpenError> {
    let mut statement = connection.prepare("SELECT number, name, checksum FROM migrations")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn apply(connection: &mut Connection, number: i64, migration: Migration) -> Result<(), OpenError> {
    let (name, sql) = migration;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.execute(
        "INSERT INTO migrations (number, name, checksum) VALUES (?1, ?2, ?3)",
        (number, name, checksum(sql)),
    )?;
    transaction.commit()?;
    tracing::info!(migration = name, "applied");
    Ok(())
}

#[cfg(test)]
mod tests {
    use earmark_store::migrations::SchemaError;

    use super::*;

    const ONE: Migration = ("0001_one", "CREATE TABLE one (a INTEGER)");
    const TWO: Migration = ("0002_two", "CREATE TABLE two (b INTEGER)");

    #[test]
    fn each_migration_is_applied_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE]).unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        connection.execute_batch("SELECT a FROM one; SELECT b FROM two").unwrap();
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        let refused = run(&mut connection, &[ONE]);
        assert!(matches!(refused, Err(OpenError::Schema(SchemaError::Newer { .. }))), "{refused:?}");
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = ("0001_one", "CREATE TABLE one (a INTEGER); CREATE TABLE one (a INTEGER)");
        assert!(run(&mut connection, &[broken]).is_err());
        run(&mut connection, &[ONE]).unwrap();
    }
}

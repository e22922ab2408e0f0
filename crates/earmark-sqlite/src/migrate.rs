//! Does the file have the schema that this version knows? Missing migrations are applied, each in a transaction of its own; applied ones must be what
//! they were; one that is not known here means a newer version wrote the file, and it is left alone.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::OpenError;

/// All migrations, in order: `NNNN_name.sql`. One that was released never changes.
const MIGRATIONS: &[(&str, &str)] = &[("0001_initial", include_str!("migrations/0001_initial.sql"))];

/// Brings the file to this version's schema.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    run(connection, MIGRATIONS)
}

fn run(connection: &mut Connection, known: &[(&str, &str)]) -> Result<(), OpenError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT",
    )?;
    let newest: i64 =
        connection.query_row("SELECT coalesce(max(number), 0) FROM migrations", [], |row| row.get(0))?;
    if usize::try_from(newest).is_ok_and(|newest| newest > known.len()) {
        return Err(OpenError::NewerSchema { found: newest, known: known.len() });
    }
    for (number, (name, sql)) in (1_i64..).zip(known) {
        apply(connection, number, name, sql)?;
    }
    Ok(())
}

fn apply(connection: &mut Connection, number: i64, name: &str, sql: &str) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied: Option<(String, i64)> = transaction
        .query_row("SELECT name, checksum FROM migrations WHERE number = ?1", [number], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some(applied) = applied {
        if applied == (name.to_owned(), checksum(sql)) {
            return Ok(());
        }
        return Err(OpenError::ChangedMigration { name: applied.0 });
    }
    transaction.execute_batch(sql)?;
    transaction.execute(
        "INSERT INTO migrations (number, name, checksum) VALUES (?1, ?2, ?3)",
        (number, name, checksum(sql)),
    )?;
    transaction.commit()?;
    tracing::info!(migration = name, "applied");
    Ok(())
}

/// FNV-1a: against mistakes, not against anyone.
fn checksum(sql: &str) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    sql.bytes().fold(0xcbf2_9ce4_8422_2325, step).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (&str, &str) = ("0001_one", "CREATE TABLE one (a INTEGER)");
    const TWO: (&str, &str) = ("0002_two", "CREATE TABLE two (b INTEGER)");

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
        assert!(matches!(refused, Err(OpenError::NewerSchema { found: 2, known: 1 })), "{refused:?}");
    }

    #[test]
    fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE]).unwrap();
        let refused = run(&mut connection, &[("0001_one", "CREATE TABLE one (a TEXT)")]);
        assert!(matches!(refused, Err(OpenError::ChangedMigration { .. })), "{refused:?}");
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = ("0001_one", "CREATE TABLE one (a INTEGER); CREATE TABLE one (a INTEGER)");
        assert!(run(&mut connection, &[broken]).is_err());
        run(&mut connection, &[ONE]).unwrap();
    }
}

//! Which migrations does a database still need, and may this version write to it at all?
//!
//! The same for every engine; each applies them in its own way. Invariant: an applied migration
//! must be what it was when it was released, and a database with migrations that are not known here
//! was written by a newer version and is left alone.

use crate::error::StoreError;

/// A migration: `NNNN_name` and its SQL. One that was released never changes.
pub type Migration = (&'static str, &'static str);

/// A migration as a database remembers it: its number, from 1, its name and its checksum.
pub type Applied = (i64, String, i64);

/// Why this version cannot use a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A newer version of this program wrote it.
    #[error("the database has schema {found}, this version knows {known}: it was written by a newer earmark")]
    Newer { found: i64, known: usize },
    /// Its schema was not made by this program.
    #[error("migration {name} of the database is not the one that this version has")]
    Changed { name: String },
    /// Some migrations are missing, and only `earmark serve` may apply them.
    #[error("the database has schema {found}, this version needs {known}: start `earmark serve` on it first")]
    Older { found: i64, known: usize },
}

impl From<SchemaError> for StoreError {
    fn from(error: SchemaError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The migrations that are still to be applied, with their numbers.
///
/// # Errors
/// If the database is not one that this version may write to.
pub fn missing(known: &[Migration], applied: &[Applied]) -> Result<Vec<(i64, Migration)>, SchemaError> {
    let found = applied.iter().map(|(number, ..)| *number).max().unwrap_or(0);
    if usize::try_from(found).is_ok_and(|found| found > known.len()) {
        return Err(SchemaError::Newer { found, known: known.len() });
    }
    let mut missing = Vec::new();
    for (number, (name, sql)) in (1_i64..).zip(known) {
        match applied.iter().find(|(other, ..)| *other == number) {
            None => missing.push((number, (*name, *sql))),
            Some((_, there, sum)) if there == name && *sum == checksum(sql) => {}
            Some((_, there, _)) => return Err(SchemaError::Changed { name: there.clone() }),
        }
    }
    Ok(missing)
}

/// FNV-1a: it finds a change made by mistake, not one made on purpose.
pub fn checksum(sql: &str) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    sql.bytes().fold(0xcbf2_9ce4_8422_2325, step).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = ("0001_one", "CREATE TABLE one (a INTEGER)");
    const TWO: Migration = ("0002_two", "CREATE TABLE two (b INTEGER)");

    fn applied(number: i64, (name, sql): Migration) -> Applied {
        (number, name.to_owned(), checksum(sql))
    }

    #[test]
    fn what_was_not_applied_is_missing() {
        assert_eq!(missing(&[ONE, TWO], &[]), Ok(vec![(1, ONE), (2, TWO)]));
        assert_eq!(missing(&[ONE, TWO], &[applied(1, ONE)]), Ok(vec![(2, TWO)]));
        assert_eq!(missing(&[ONE, TWO], &[applied(1, ONE), applied(2, TWO)]), Ok(vec![]));
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let refused = missing(&[ONE], &[applied(1, ONE), applied(2, TWO)]);
        assert_eq!(refused, Err(SchemaError::Newer { found: 2, known: 1 }));
    }

    #[test]
    fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
        let changed = ("0001_one", "CREATE TABLE one (a TEXT)");
        let refused = missing(&[changed], &[applied(1, ONE)]);
        assert_eq!(refused, Err(SchemaError::Changed { name: "0001_one".into() }));
    }
}

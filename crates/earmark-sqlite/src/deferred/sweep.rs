//! Which entries of the idempotency index have lost their rows?
//!
//! Rows are deleted oldest first, and their entries stay. To delete each entry at once would write
//! a page for each key. So once enough rows are gone, the writer goes through the index in key
//! order, a few pages with each batch, and deletes the entries that point below the oldest row.

use rusqlite::Connection;

use crate::error::Result;

/// How many deleted rows are worth going through the index.
const WORTH: usize = 4_096;
/// How many entries are looked at with one batch.
const STEP_ENTRIES: usize = 512;

/// How far the writer has gone through the index.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    committed: Place,
    /// The same, as the open transaction leaves it.
    open: Place,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Rows deleted since the last sweep began.
    deleted: usize,
    /// While under way: the last entry looked at, and the oldest row there was.
    under_way: Option<([u8; 16], i64)>,
}

impl Sweep {
    /// What is to be swept in a database that was just opened: all of it, if any row was ever
    /// deleted.
    pub(super) fn begin(connection: &Connection) -> Result<Self> {
        let oldest = oldest(connection)?;
        let deleted = if oldest.is_none_or(|oldest| oldest > 1) { WORTH } else { 0 };
        let place = Place { deleted, under_way: None };
        Ok(Self { committed: place, open: place })
    }

    /// The open transaction deletes a row.
    pub(super) fn row_deleted(&mut self) {
        self.open.deleted = self.open.deleted.saturating_add(1);
    }

    /// Goes on in the open transaction. `next_number` is the number that the next row will have.
    pub(super) fn step(&mut self, connection: &Connection, next_number: i64) -> Result<()> {
        let (after, floor) = match self.open.under_way {
            Some(place) => place,
            None if self.open.deleted < WORTH => return Ok(()),
            None => {
                self.open.deleted = 0;
                ([0; 16], oldest(connection)?.unwrap_or(next_number))
            }
        };
        let mut statement = connection.prepare_cached(
            "SELECT digest, number FROM idempotency_index WHERE digest > ?1 ORDER BY digest LIMIT ?2",
        )?;
        let mut rows = statement.query((after, crate::codec::limit(STEP_ENTRIES)))?;
        let (mut last, mut seen, mut gone) = (after, 0, Vec::new());
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            seen += 1;
            if row.get::<_, i64>(1)? < floor {
                gone.push(last);
            }
        }
        drop(rows);
        let mut delete = connection.prepare_cached("DELETE FROM idempotency_index WHERE digest = ?1")?;
        for digest in gone {
            delete.execute([digest])?;
        }
        self.open.under_way = (seen == STEP_ENTRIES).then_some((last, floor));
        Ok(())
    }

    /// The open transaction was committed.
    pub(super) fn committed(&mut self) {
        self.committed = self.open;
    }

    /// The open transaction left no trace.
    pub(super) fn rolled_back(&mut self) {
        self.open = self.committed;
    }
}

/// The number of the oldest row; `None` if there is none.
fn oldest(connection: &Connection) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT min(number) FROM idempotency")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

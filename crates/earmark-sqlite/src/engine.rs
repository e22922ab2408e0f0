//! How does a batch become durable? In one transaction on the one connection that writes. COMMIT
//! returns after the fsync of the WAL.
//!
//! Invariant: an error of COMMIT is [`StoreError::Unknown`]. Any other error means that the batch
//! was not saved only if SQLite says that no transaction is open any more.

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::{Engine, Overlap, Pace, StoreError};
use rusqlite::Connection;

use crate::checkpoints::Checkpoints;
use crate::deferred::Deferred;
use crate::error::{DatabaseError, Result};
use crate::lock::FileLock;
use crate::segments::Segments;
use crate::{load, rows, save};

/// The half that writes.
#[derive(Debug)]
pub struct SqliteEngine {
    pub(crate) connection: Connection,
    pub(crate) deferred: Deferred,
    pub(crate) segments: Segments,
    pub(crate) checkpoints: Checkpoints,
    /// The last field, so that it is released after everything else is closed.
    pub(crate) _lock: FileLock,
}

impl SqliteEngine {
    fn save(&mut self, changes: &BatchChanges) -> Result<()> {
        save::save(&self.connection, &mut self.deferred, changes)?;
        self.deferred.merge(&self.connection)?;
        self.segments.write_slice(&self.connection, changes.events.len())
    }

    /// Ends the transaction after an error, and gives what that error means then.
    fn undo(&mut self, error: DatabaseError) -> StoreError {
        self.rollback();
        if self.connection.is_autocommit() {
            error.into()
        } else {
            StoreError::Unknown(format!("{}, and then it could not be rolled back", StoreError::from(error)))
        }
    }

    /// Refuses to go on in a transaction that SQLite has ended, as it does after some errors.
    fn check_open(&mut self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            self.rollback();
            return Err(StoreError::Unavailable("SQLite ended the transaction by itself".to_owned()));
        }
        Ok(())
    }

    /// Commits, and brings what is held in memory to the same state.
    fn finish(&mut self, last_sequence: Option<u64>) -> Result<(), StoreError> {
        self.check_open()?;
        let committed = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        committed.map_err(|error| StoreError::Unknown(error.to_string()))?;
        self.segments.committed(last_sequence);
        // The batch is saved, so an error here must not say that it was not.
        self.deferred
            .committed(last_sequence)
            .map_err(|error| StoreError::Unknown(StoreError::from(error).to_string()))
    }

    /// Appends rows of a grouped segment, if there is one, in a transaction of their own.
    fn append_segments(&mut self) -> Result<(), StoreError> {
        if !self.segments.has_work() {
            return Ok(());
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(DatabaseError::from)?;
        if let Err(error) = self.segments.write_idle(&self.connection) {
            return match self.undo(error) {
                unknown @ StoreError::Unknown(_) => Err(unknown),
                error => {
                    tracing::warn!(%error, "a segment could not be appended; its events are scanned until it can");
                    self.segments.postpone();
                    Ok(())
                }
            };
        }
        self.checkpoints.written();
        self.finish(None)
    }
}

impl Engine for SqliteEngine {
    fn begin(&mut self, keys: &Keys, rows: &mut WorkingSet, _: &mut dyn Overlap) -> Result<(), StoreError> {
        let begun = self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        begun.map_err(DatabaseError::from)?;
        (rows.last_sequence, rows.last_event_at) = rows::events::last(&self.connection)?;
        self.load(keys, rows)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        Ok(load::load(&self.connection, &mut self.deferred, keys, rows)?)
    }

    fn commit(&mut self, changes: &BatchChanges, _overlap: &mut dyn Overlap) -> Result<(), StoreError> {
        self.check_open()?;
        if let Err(error) = self.save(changes) {
            return Err(self.undo(error));
        }
        self.finish(changes.events.last().map(|event| event.sequence))
    }

    fn rollback(&mut self) {
        // SQLite may have rolled back by itself. A second ROLLBACK would fail, and mean nothing.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.deferred.rolled_back();
        self.segments.rolled_back();
    }

    fn maintain(&mut self, pace: Pace) -> Result<(), StoreError> {
        match pace {
            Pace::Busy => self.checkpoints.under_load(&self.connection),
            Pace::Idle => {
                self.append_segments()?;
                self.checkpoints.at_rest(&self.connection)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use earmark_core::items::{Item, Stock};
    use earmark_core::text::{Description, Metadata, Name, Sku};
    use earmark_core::{Change, Money, Timestamp};
    use earmark_store::Queries;

    use super::*;
    use crate::{SqliteOptions, SqliteQueries, open};

    fn opened() -> (tempfile::TempDir, SqliteEngine, SqliteQueries) {
        let folder = tempfile::tempdir().unwrap();
        let (engine, queries) = open(&folder.path().join("shop.db"), SqliteOptions::default()).unwrap();
        (folder, engine, queries)
    }

    /// A new item with a description of about 20 KB.
    fn wide_item(sku: &str) -> BatchChanges {
        let (sku, at) = (Sku::parse(sku).unwrap(), Timestamp(1));
        let item = Item {
            sku: sku.clone(),
            name: Name::parse("wide").unwrap(),
            description: Some(Description::parse(&"ü".repeat(10_000)).unwrap()),
            unit_price: Money::ZERO,
            active: true,
            image_url: None,
            metadata: Metadata::default(),
            created_at: at,
        };
        let stock = Stock { sku, on_hand: 0, reserved: 0, version: 1, updated_at: at };
        BatchChanges {
            items: vec![Change { before: None, after: Some(Arc::new(item)) }],
            stocks: vec![Change { before: None, after: Some(Arc::new(stock)) }],
            ..BatchChanges::default()
        }
    }

    fn commit(engine: &mut SqliteEngine, changes: &BatchChanges) -> Result<(), StoreError> {
        engine.begin(&Keys::default(), &mut WorkingSet::default(), &mut ()).unwrap();
        engine.commit(changes, &mut ())
    }

    #[tokio::test]
    async fn a_disk_that_is_full_in_the_middle_of_a_batch_loses_the_batch_and_nothing_else() {
        let (_folder, mut engine, queries) = opened();
        commit(&mut engine, &wide_item("first")).unwrap();
        let pages: i64 = engine.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        engine.connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")).unwrap();
        let refused = commit(&mut engine, &wide_item("second"));
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert!(engine.connection.is_autocommit(), "no transaction is left open");
        engine.connection.execute_batch("PRAGMA max_page_count = 1000000").unwrap();
        commit(&mut engine, &wide_item("third")).unwrap();
        for (sku, there) in [("first", true), ("second", false), ("third", true)] {
            let found = queries.find_item(&Sku::parse(sku).unwrap()).await.unwrap();
            assert_eq!(found.is_some(), there, "{sku}");
        }
    }

    #[test]
    fn an_error_of_commit_is_unknown() {
        let (_folder, mut engine, _queries) = opened();
        engine.begin(&Keys::default(), &mut WorkingSet::default(), &mut ()).unwrap();
        // An error that only COMMIT finds.
        engine
            .connection
            .execute_batch(
                "PRAGMA defer_foreign_keys = ON; INSERT INTO stocks VALUES ('nothing', 0, 0, 1, 1)",
            )
            .unwrap();
        let unknown = engine.commit(&wide_item("first"), &mut ());
        assert!(matches!(unknown, Err(StoreError::Unknown(_))), "{unknown:?}");
    }

    #[test]
    fn a_transaction_that_is_gone_is_not_taken_for_committed() {
        let (_folder, mut engine, _queries) = opened();
        engine.begin(&Keys::default(), &mut WorkingSet::default(), &mut ()).unwrap();
        engine.connection.execute_batch("ROLLBACK").unwrap();
        let lost = engine.commit(&wide_item("first"), &mut ());
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        let items: i64 =
            engine.connection.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).unwrap();
        assert_eq!(items, 0, "nothing was written outside of a transaction");
    }

    #[test]
    fn the_writer_holds_what_durability_needs() {
        let (_folder, engine, _queries) = opened();
        let pragma = |name: &str| {
            engine.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(pragma("synchronous"), 2);
        assert_eq!(pragma("wal_autocheckpoint"), 0);
        assert_eq!(pragma("foreign_keys"), 1);
        assert_eq!(pragma("trusted_schema"), 0);
    }
}

//! How does a batch become durable? One transaction on the one connection that writes; COMMIT returns after the fsync of the WAL.
//!
//! Invariant: an error of COMMIT is [`StoreError::Unknown`], and any other error is only called *did not happen* once SQLite says that no
//! transaction is open any more.

use earmark_core::{BatchChanges, Keys, WorkingSet};
use earmark_store::{Engine, Pace, StoreError};
use rusqlite::Connection;

use crate::deferred::Deferred;
use crate::fault::Fault;
use crate::lock::FileLock;
use crate::maintain::Checkpoints;
use crate::segments::Segments;
use crate::{load, rows, save};

/// The half that writes.
#[derive(Debug)]
pub struct SqliteEngine {
    pub(crate) connection: Connection,
    pub(crate) deferred: Deferred,
    pub(crate) segments: Segments,
    pub(crate) checkpoints: Checkpoints,
    /// Last, so that it is given back after everything else is closed.
    pub(crate) _lock: FileLock,
}

impl SqliteEngine {
    fn save(&mut self, changes: &BatchChanges) -> Result<(), Fault> {
        save::save(&self.connection, &mut self.deferred, changes)?;
        self.deferred.merge(&self.connection)?;
        self.segments.write_slice(&self.connection, changes.events.len())
    }

    /// Ends the transaction after an error, and says what that error means then.
    pub(crate) fn undo(&mut self, fault: Fault) -> StoreError {
        self.rollback();
        if self.connection.is_autocommit() {
            fault.into()
        } else {
            StoreError::Unknown(format!("{}, and then it could not be rolled back", StoreError::from(fault)))
        }
    }

    /// Commits, and lets what is held in memory follow.
    pub(crate) fn finish(&mut self, last_sequence: Option<u64>) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            self.rollback();
            return Err(StoreError::Unavailable("SQLite ended the transaction by itself".to_owned()));
        }
        let committed = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        committed.map_err(|error| StoreError::Unknown(error.to_string()))?;
        self.segments.committed(last_sequence);
        self.deferred
            .committed(last_sequence)
            .map_err(|fault| StoreError::Unknown(StoreError::from(fault).to_string()))
    }
}

impl Engine for SqliteEngine {
    fn begin(&mut self, rows: &mut WorkingSet) -> Result<(), StoreError> {
        let begun = self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        begun.map_err(Fault::from)?;
        rows.last_sequence = rows::events::last_sequence(&self.connection)?;
        Ok(())
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError> {
        Ok(load::load(&self.connection, &mut self.deferred, keys, rows)?)
    }

    fn commit(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        if let Err(fault) = self.save(changes) {
            return Err(self.undo(fault));
        }
        self.finish(changes.events.last().map(|event| event.sequence))
    }

    fn rollback(&mut self) {
        // SQLite may have rolled back by itself; asking twice is an error that means nothing.
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.deferred.rolled_back();
        self.segments.rolled_back();
    }

    fn maintain(&mut self, pace: Pace) -> Result<(), StoreError> {
        self.keep_house(pace)
    }
}

//! What does the writer do between batches? It moves the WAL into the database file when it has grown, and appends segments while nobody waits.
//!
//! Only the connection that writes ever checkpoints. Under load PASSIVE, which waits for nobody: once all of the WAL is in the file and no reader
//! needs it, the next batch begins it anew, over the same space. Where readers overlap without end that moment never comes; then, rarely and for a few
//! milliseconds, the writer waits for those that are there. At rest everything is moved, so that the next start has nothing to recover.

use std::time::Duration;

use earmark_store::{Pace, StoreError};
use rusqlite::{Connection, ErrorCode};

use crate::connect::BUSY_TIMEOUT;
use crate::engine::SqliteEngine;
use crate::error::DatabaseError;

/// So many thresholds make a WAL that is worth waiting for readers.
const LONG_WAL: u32 = 10;
/// How long they are waited for.
const READERS_WAIT: Duration = Duration::from_millis(20);

/// When to checkpoint.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// Pages in the WAL that are worth a checkpoint under load.
    threshold: u32,
    /// Pages that the last one left, because a reader still needed the WAL.
    left: u32,
    /// Whether everything was moved and nothing was written since.
    clean: bool,
}

impl Checkpoints {
    pub(crate) fn new(threshold: u32) -> Self {
        Self { threshold, left: 0, clean: false }
    }

    /// Something was committed.
    pub(crate) fn written(&mut self) {
        self.clean = false;
    }
}

/// Pages in the WAL, and those of them in the database file.
fn wal_pages(connection: &Connection, mode: &'static str) -> rusqlite::Result<(u32, u32)> {
    connection.prepare_cached(mode)?.query_row([], |row| {
        let pages = |column| row.get::<_, i64>(column).map(|pages| u32::try_from(pages).unwrap_or(0));
        Ok((pages(1)?, pages(2)?))
    })
}

impl SqliteEngine {
    /// Housekeeping, outside of any transaction.
    pub(crate) fn keep_house(&mut self, pace: Pace) -> Result<(), StoreError> {
        match pace {
            Pace::Busy => self.checkpoint_if_grown(),
            Pace::Idle => {
                self.append_segments()?;
                self.checkpoint_all()
            }
        }
    }

    fn checkpoint_if_grown(&mut self) -> Result<(), StoreError> {
        self.checkpoints.written();
        let pages =
            wal_pages(&self.connection, "PRAGMA wal_checkpoint(NOOP)").map_err(DatabaseError::from)?;
        let waiting = pages.0.saturating_sub(pages.1);
        if waiting >= self.checkpoints.threshold.saturating_add(self.checkpoints.left) {
            self.checkpoint()?;
        }
        Ok(())
    }

    fn checkpoint_all(&mut self) -> Result<(), StoreError> {
        if self.checkpoints.clean {
            return Ok(());
        }
        self.checkpoint()
    }

    /// Moves what can be moved. A full disk is no harm: the WAL has everything, and the next checkpoint tries again. A write or an fsync that failed
    /// is never tried again: what the system reports the second time cannot be trusted.
    fn checkpoint(&mut self) -> Result<(), StoreError> {
        match wal_pages(&self.connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            Ok((all, moved)) => {
                self.checkpoints.left = all.saturating_sub(moved);
                self.checkpoints.clean = self.checkpoints.left == 0;
                let long = self.checkpoints.threshold.saturating_mul(LONG_WAL);
                if self.checkpoints.clean && all >= long { self.begin_wal_anew() } else { Ok(()) }
            }
            Err(rusqlite::Error::SqliteFailure(failure, why))
                if matches!(
                    failure.code,
                    ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked
                ) =>
            {
                tracing::warn!(code = ?failure.code, ?why, "the WAL could not be moved into the database; it grows until it can");
                Ok(())
            }
            Err(error) => Err(StoreError::Unknown(format!("a checkpoint failed: {error}"))),
        }
    }

    /// Waits a little for the readers of a WAL that is already moved. Whoever comes while it waits reads the database file, and is not in the way.
    fn begin_wal_anew(&mut self) -> Result<(), StoreError> {
        self.connection.busy_timeout(READERS_WAIT).map_err(DatabaseError::from)?;
        let restarted = wal_pages(&self.connection, "PRAGMA wal_checkpoint(RESTART)");
        self.connection.busy_timeout(BUSY_TIMEOUT).map_err(DatabaseError::from)?;
        // A reader that stays longer, an audit, is left in peace until the next time.
        restarted.map(drop).map_err(|error| StoreError::Unknown(format!("a checkpoint failed: {error}")))
    }

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

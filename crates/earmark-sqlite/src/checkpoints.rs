//! When does the WAL move into the database file? When it has grown, and whenever no command waits.
//!
//! Only the connection that writes ever checkpoints. Under load it does so in the mode PASSIVE,
//! which waits for no reader. Once all of the WAL is in the file and no reader needs it, the next
//! batch begins it anew, over the same space. Where readers overlap without end, that moment never
//! comes. Then, rarely and for a few milliseconds, the writer waits for the readers that are there.
//! At rest everything is moved, so that the next start has nothing to recover.

use std::time::Duration;

use earmark_store::StoreError;
use rusqlite::{Connection, ErrorCode};

use crate::connect::BUSY_TIMEOUT;
use crate::error::DatabaseError;

/// A WAL of so many thresholds is long enough to wait for readers.
const LONG_WAL: u32 = 10;
/// How long they are waited for.
const READERS_WAIT: Duration = Duration::from_millis(20);

/// How far the WAL is moved.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    /// Pages in the WAL that are worth a checkpoint under load.
    threshold: u32,
    /// Pages that the last checkpoint left, because a reader still needed the WAL.
    left: u32,
    /// Whether everything was moved and nothing was written since.
    is_clean: bool,
}

impl Checkpoints {
    pub(crate) fn new(threshold: u32) -> Self {
        Self { threshold, left: 0, is_clean: false }
    }

    /// Called after a commit.
    pub(crate) fn written(&mut self) {
        self.is_clean = false;
    }

    /// Called after a batch, while commands wait: checkpoints if the WAL has grown.
    pub(crate) fn under_load(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.written();
        let pages = wal_pages(connection, "PRAGMA wal_checkpoint(NOOP)").map_err(DatabaseError::from)?;
        if pages.all.saturating_sub(pages.moved) >= self.threshold.saturating_add(self.left) {
            self.checkpoint(connection)?;
        }
        Ok(())
    }

    /// Called while no command waits: moves everything.
    pub(crate) fn at_rest(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if self.is_clean { Ok(()) } else { self.checkpoint(connection) }
    }

    /// Moves what can be moved. A full disk does no harm: the WAL has everything, and the next
    /// checkpoint tries again. A write or an fsync that failed is never tried again, because what
    /// the system reports the second time cannot be trusted.
    fn checkpoint(&mut self, connection: &Connection) -> Result<(), StoreError> {
        match wal_pages(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            Ok(pages) => {
                self.left = pages.all.saturating_sub(pages.moved);
                self.is_clean = self.left == 0;
                let long = self.threshold.saturating_mul(LONG_WAL);
                if self.is_clean && pages.all >= long { begin_wal_anew(connection) } else { Ok(()) }
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
            Err(error) => Err(checkpoint_failed(&error)),
        }
    }
}

/// Waits a little for the readers of a WAL that is already moved. A read that begins meanwhile uses
/// the database file, so it is not waited for.
fn begin_wal_anew(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(READERS_WAIT).map_err(DatabaseError::from)?;
    let restarted = wal_pages(connection, "PRAGMA wal_checkpoint(RESTART)");
    connection.busy_timeout(BUSY_TIMEOUT).map_err(DatabaseError::from)?;
    // A reader that takes longer, such as a verification, makes this do nothing until the next
    // time.
    restarted.map(drop).map_err(|error| checkpoint_failed(&error))
}

fn checkpoint_failed(error: &rusqlite::Error) -> StoreError {
    StoreError::Unknown(format!("a checkpoint failed: {error}"))
}

/// Pages in the WAL.
struct WalPages {
    all: u32,
    /// Those of them that are in the database file.
    moved: u32,
}

fn wal_pages(connection: &Connection, checkpoint: &'static str) -> rusqlite::Result<WalPages> {
    connection.prepare_cached(checkpoint)?.query_row([], |row| {
        let pages = |column| row.get::<_, i64>(column).map(|pages| u32::try_from(pages).unwrap_or(0));
        Ok(WalPages { all: pages(1)?, moved: pages(2)? })
    })
}

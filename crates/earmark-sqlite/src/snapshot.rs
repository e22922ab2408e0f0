//! What does a read see? One moment, however many statements it takes.

use rusqlite::Connection;

use crate::error::Result;

/// A connection within a read transaction: everything read through it is of one moment.
#[derive(Debug)]
pub(crate) struct Snapshot<'c> {
    pub(crate) connection: &'c Connection,
}

impl<'c> Snapshot<'c> {
    pub(crate) fn begin(connection: &'c Connection) -> Result<Self> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self { connection })
    }

    /// Ends the snapshot; the next read begins a new one.
    pub(crate) fn renew(&self) -> Result<()> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(())
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        let ended = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        if let Err(error) = ended {
            tracing::warn!(%error, "a read transaction could not be ended");
        }
    }
}

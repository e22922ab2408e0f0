//! What must a database do for the writer? Begin, load, commit and roll back one transaction at a
//! time.
//!
//! [`Engine`] is the write side of a database. Only the writer's thread uses it, so nothing in it
//! is shared. The read side is [`crate::Queries`]. Both engines and every decorator of them keep
//! the contract stated here.

use earmark_core::{BatchChanges, Keys, WorkingSet};

use crate::error::Result;

/// Where batches are saved.
///
/// The writer calls `begin`, then `load` any number of times, then `commit` or `rollback`.
///
/// An engine may use the [`Overlap`] that it is given while it waits for the database: it may send
/// the answers that are due, and, within `commit`, take the next batch to begin it ahead. Where
/// [`Overlap::next_batch`] gave keys and `commit` returned `Ok`, the next call but `maintain` is
/// `begin` with these keys. After an error it is `rollback`, which ends what was begun ahead as
/// well. An engine that uses neither keeps the contract too.
///
/// Every implementation passes the suite of `earmark-conformance`.
pub trait Engine: Send {
    /// Begins a transaction in which no other node writes. Sets `rows.last_sequence` and
    /// `rows.last_event_at` to the number and the time of the last event, and loads the rows of
    /// `keys`, all as they are once no other node can write.
    fn begin(&mut self, keys: &Keys, rows: &mut WorkingSet, overlap: &mut dyn Overlap) -> Result<()>;

    /// Puts every row that `keys` name into `rows`, as found or as absent. An item brings its
    /// stock, an order all that belongs to it.
    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<()>;

    /// Saves all changes and commits them. Inserts where `before` is `None`; otherwise updates the
    /// version that was loaded and nothing else. Once this returns `Ok`, the changes survive a
    /// crash of the process and of the machine.
    fn commit(&mut self, changes: &BatchChanges, overlap: &mut dyn Overlap) -> Result<()>;

    /// Ends the transaction without a trace. Called after any error of the others, and after a
    /// batch that changes nothing.
    fn rollback(&mut self);

    /// Does some housekeeping between two batches.
    fn maintain(&mut self, _pace: Pace) -> Result<()> {
        Ok(())
    }
}

/// What the writer can do while the database works. `()` does nothing.
pub trait Overlap {
    /// Sends the answers of the batch before, if they were kept back.
    fn send_answers(&mut self) {}

    /// Takes the commands that wait as the next batch and gives the keys that it needs; `None` if
    /// no command waits.
    fn next_batch(&mut self) -> Option<Keys> {
        None
    }
}

impl Overlap for () {}

/// How much time housekeeping may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Commands may be waiting: little.
    Busy,
    /// No command has come for a while.
    Idle,
}

//! What must a database do for us? Four things, one transaction, one user: the writer.

use earmark_core::{BatchChanges, Keys, WorkingSet};

use crate::StoreError;

/// Where batches are saved. Used by the writer's thread alone, so nothing here is shared.
///
/// Every implementation passes the suite of `earmark-conformance`.
pub trait Engine: Send {
    /// Begins a transaction in which nobody else writes, sets `rows.last_sequence` and `rows.last_event_at` to the number and the time of the
    /// last event, and loads the rows of `keys`, all as they are once nobody else writes. If that takes more than a moment, it has `meanwhile` answer.
    fn begin(
        &mut self,
        keys: &Keys,
        rows: &mut WorkingSet,
        meanwhile: &mut dyn Meanwhile,
    ) -> Result<(), StoreError>;

    /// Puts every row that `keys` name into `rows`, found or found absent; an item brings its stock, an order all that belongs to it.
    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<(), StoreError>;

    /// Saves all of it and commits. Inserts where `before` is `None`; otherwise updates the version that was loaded, and nothing else. When
    /// this returns `Ok`, the changes survive a crash of the process and of the machine.
    ///
    /// An engine may begin the next batch behind the commit: it has `meanwhile` draw that batch when nothing is left to be done but to commit. If all went
    /// well and somebody was drawn, `begin` comes next, for these keys; after an error it is `rollback`, and it ends what was begun ahead as well. Such an
    /// engine has `meanwhile` answer while it waits within the next `begin` or `commit`. Others do neither.
    fn commit(&mut self, changes: &BatchChanges, meanwhile: &mut dyn Meanwhile) -> Result<(), StoreError>;

    /// Ends the transaction without a trace. Called after any error of the others, and after a batch that changes nothing.
    fn rollback(&mut self);

    /// Does some housekeeping outside of any transaction. `Busy`: commands wait, be brief. `Idle`: none waits.
    fn maintain(&mut self, _pace: Pace) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What can be done while the database works. `()` does nothing.
pub trait Meanwhile {
    /// Gives the answers that are due: those of the batch before, where one was drawn ahead.
    fn answer(&mut self) {}

    /// Draws who waits for the next batch, if anybody does, and gives their keys.
    fn draw(&mut self) -> Option<Keys> {
        None
    }
}

impl Meanwhile for () {}

/// Whether commands wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Some do.
    Busy,
    /// None does.
    Idle,
}

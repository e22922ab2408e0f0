//! How does a batch get its turn and its rows? `BEGIN`, the lock on the stream's row and the reads cross the wire together.
//!
//! Invariant: nothing is decided on rows that were read before the turn was held. The lock's statement is prepared beforehand, so that nothing of the
//! reads can be sent before it; the server carries out what a connection sends in order; and at READ COMMITTED, which `session.rs` sets, each statement
//! sees what was committed when it began, not when the lock was asked for. So the reads see all that the turn before has left. If the lock was not had,
//! what was read is thrown away.

use std::sync::Arc;

use earmark_core::{Keys, Timestamp, WorkingSet};
use tokio_postgres::Statement;

use crate::connect::Session;
use crate::fault::Fault;
use crate::load::{self, Loaded};
use crate::pipeline::Sent;
use crate::rows::events;
use crate::session::in_time;

/// A batch that waits for its turn.
pub(crate) struct Turn {
    keys: Arc<Keys>,
    /// The number and the time of the last event, once the turn is had.
    lock: Sent<Result<(u64, Timestamp), Fault>>,
    reads: Sent<Result<Loaded, Fault>>,
}

impl Turn {
    /// Nothing is sent yet.
    pub(crate) fn new(session: &Arc<Session>, lock: &Statement, keys: &Keys) -> Self {
        let keys = Arc::new(keys.clone());
        let (session, statement) = (Arc::clone(session), lock.clone());
        let lock = {
            let session = Arc::clone(&session);
            Sent::new(async move { events::take_turn(&session, &statement).await })
        };
        let reads = {
            let keys = Arc::clone(&keys);
            Sent::new(async move { load::find(&session, &keys).await })
        };
        Self { keys, lock, reads }
    }

    /// Waits for the turn, then for the rows, each within the time of a round trip.
    pub(crate) async fn take(mut self, rows: &mut WorkingSet) -> Result<(), Fault> {
        std::future::poll_fn(|context| {
            self.lock.poll(context);
            self.reads.poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        (rows.last_sequence, rows.last_event_at) = in_time(self.lock.answer()).await?;
        in_time(self.reads.answer()).await?.put(&self.keys, rows);
        Ok(())
    }
}

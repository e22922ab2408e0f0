//! How does a batch get its turn and its rows? `BEGIN`, the lock on the stream's row and the reads cross the wire together.
//!
//! Invariant: nothing is decided on rows that were read before the turn was held, unless nobody can have changed them since. The lock's statement is
//! prepared beforehand, so that nothing of the reads can be sent before it; the server carries out what a connection sends in order; and at READ
//! COMMITTED, which `session.rs` sets, each statement sees what was committed when it began, not when the lock was asked for. So the reads see all that
//! the turn before has left. If the lock was not had, what was read is thrown away. What the [cache](crate::cache) has is left out of the reads; should
//! the turn show that it is outdated, it is read after.

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;

use earmark_core::{Keys, Timestamp, WorkingSet};
use tokio_postgres::Statement;

use crate::cache::ItemCache;
use crate::error::DatabaseError;
use crate::load::{self, Loaded};
use crate::pipeline::Sent;
use crate::rows::events;
use crate::session::Session;
use crate::session::in_time;

/// Of so many batches, one is not begun ahead.
const GIVE_WAY_EVERY: u64 = 16;

/// Whether a turn may be asked for right behind a COMMIT. The server may then give it to us before those who wait for it have woken up, and they may
/// be more than one.
#[derive(Debug, Default)]
pub(crate) struct Courtesy {
    batches: u64,
    /// Whether no event of others had come since our last batch when this one had its turn; not known after an error.
    pub(crate) alone: bool,
}

impl Courtesy {
    /// Now and then whoever waits is let in, and is seen by that.
    pub(crate) fn allows_to_go_on(&mut self) -> bool {
        self.batches += 1;
        self.alone && !self.batches.is_multiple_of(GIVE_WAY_EVERY)
    }
}

/// A batch that waits for its turn.
pub(crate) struct Turn {
    /// What is read with it.
    keys: Arc<Keys>,
    /// The number and the time of the last event, once the turn is had.
    lock: Sent<Result<(u64, Timestamp), DatabaseError>>,
    reads: Sent<Result<Loaded, DatabaseError>>,
}

impl Turn {
    /// A turn that brings the rows of these keys. Nothing is sent yet.
    pub(crate) fn new(session: &Arc<Session>, lock: &Statement, keys: Keys) -> Self {
        let keys = Arc::new(keys);
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

    /// Waits for the answer of `first`; all that the turn needs is sent right behind it.
    pub(crate) async fn sent_behind<T>(&mut self, first: impl Future<Output = T>) -> T {
        let mut first = pin!(first);
        poll_fn(|context| {
            let answer = first.as_mut().poll(context);
            self.poll(context);
            answer
        })
        .await
    }

    /// Waits for the turn, then for the rows, each within the time of a round trip. Gives whether nobody else has written since the cache was right.
    pub(crate) async fn take(
        mut self,
        rows: &mut WorkingSet,
        cache: &mut ItemCache,
    ) -> Result<bool, DatabaseError> {
        self.sent_behind(ready(())).await;
        (rows.last_sequence, rows.last_event_at) = in_time(self.lock.answer()).await?;
        let alone = cache.hold_at(rows.last_sequence);
        let loaded = in_time(self.reads.answer()).await?;
        cache.read(&loaded.items);
        loaded.put(&self.keys, rows);
        Ok(alone)
    }

    /// The lock first.
    fn poll(&mut self, context: &mut Context<'_>) {
        self.lock.poll(context);
        self.reads.poll(context);
    }
}

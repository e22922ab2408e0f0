//! How does a batch get its turn and its rows? `BEGIN`, the lock on the stream's row and the reads
//! cross the wire together, in one round trip.
//!
//! Invariant: nothing is decided on rows as they were before the turn began. The server carries out
//! the statements of a connection in order, so the reads run once the lock is held. At READ
//! COMMITTED, which `session.rs` sets, each statement sees what was committed when it begins. So
//! the reads see all that the turns before have left. If the lock was not granted, what was read is
//! dropped.
//!
//! Items that the [cache](crate::cache) is likely to have are left out of the reads. If the number
//! of the last event then shows that the cache is outdated, they are read afterwards.

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use earmark_core::{Keys, Timestamp, WorkingSet};
use tokio_postgres::Statement;

use crate::cache::ItemCache;
use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::load::{self, Loaded};
use crate::pipeline::Sent;
use crate::rows::events::STREAM;
use crate::session::{Session, in_time};

/// A turn that was requested, or is about to be.
pub(crate) struct Turn {
    pub(crate) requested_at: Instant,
    /// What is read with it.
    keys: Arc<Keys>,
    /// The number and the time of the last event, once the lock is held.
    lock: Sent<Result<(u64, Timestamp)>>,
    reads: Sent<Result<Loaded>>,
}

/// Prepares the statement that takes the lock. It must be prepared before a turn is requested:
/// otherwise the lock would cost a round trip more, and the reads would be sent before it.
pub(crate) async fn prepare(session: &Session) -> Result<Statement> {
    let sql = "SELECT last_sequence, last_at FROM streams WHERE id = $1 FOR UPDATE";
    Ok(session.prepare_cached(sql).await?)
}

impl Turn {
    /// A turn that brings the rows of these keys. Nothing is sent yet.
    pub(crate) fn new(session: &Arc<Session>, lock: &Statement, keys: Keys) -> Self {
        let keys = Arc::new(keys);
        let (session, statement) = (Arc::clone(session), lock.clone());
        let lock = {
            let session = Arc::clone(&session);
            Sent::new(async move { begin(&session, &statement).await })
        };
        let reads = {
            let keys = Arc::clone(&keys);
            Sent::new(async move { load::find(&session, &keys).await })
        };
        Self { requested_at: Instant::now(), keys, lock, reads }
    }

    /// Waits for the answer of `first`, and sends all that the turn needs right behind it.
    pub(crate) async fn sent_behind<T>(&mut self, first: impl Future<Output = T>) -> T {
        let mut first = pin!(first);
        poll_fn(|context| {
            // `first` is polled before the turn, so its statement is the first on the wire. Only
            // its own answer ends the wait: what has come for the turn by then is kept.
            let answer = first.as_mut().poll(context);
            self.poll(context);
            answer
        })
        .await
    }

    /// Waits for the lock, then for the rows, each within the time of a round trip. Gives whether
    /// no other node has written since the last turn of this one.
    pub(crate) async fn take(mut self, rows: &mut WorkingSet, cache: &mut ItemCache) -> Result<bool> {
        // Sends everything, unless it was sent behind a COMMIT.
        self.sent_behind(ready(())).await;
        (rows.last_sequence, rows.last_event_at) = in_time(self.lock.answer()).await?;
        // Before anything read in this turn is added: it may have to be emptied.
        let is_alone = cache.check(rows.last_sequence);
        let loaded = in_time(self.reads.answer()).await?;
        cache.add(&loaded.items);
        loaded.put(&self.keys, rows);
        Ok(is_alone)
    }

    /// The lock comes first, so that the reads are behind it on the wire.
    fn poll(&mut self, context: &mut Context<'_>) {
        self.lock.poll(context);
        self.reads.poll(context);
    }
}

/// Begins a transaction and waits for the lock; gives the number and the time of the last event.
/// All of it is sent at the first poll.
async fn begin(session: &Session, lock: &Statement) -> Result<(u64, Timestamp)> {
    let (begun, row) = tokio::join!(session.batch_execute("BEGIN"), session.query_opt(lock, &[&STREAM]));
    begun?;
    let row = row?.ok_or_else(|| DatabaseError::damaged("the stream of events", "its row is gone"))?;
    Ok((codec::count(&row, 0)?, codec::time(&row, 1)?))
}

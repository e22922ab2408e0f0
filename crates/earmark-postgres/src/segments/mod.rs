//! Which events touched an item, and which orders have it? Answered without an index that every
//! order would have to update.
//!
//! Once there are enough new events, one of the nodes groups them by item, on a thread and a
//! connection of its own: a *segment* (`build.rs`). A reader walks the segments from the newest to
//! the oldest, and scans the events after the newest (`walk.rs`).
//!
//! Invariant: a segment begins where the one before ends and is committed whole, so nothing is
//! missing and nothing counts twice.

mod build;
pub(crate) mod walk;

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::connect::connect_writer;
use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::session::Session;

/// How often a node looks for enough new events: after this time at least, and up to twice as long,
/// so that nodes do not all look at the same moment.
const PAUSE: Duration = Duration::from_millis(250);
/// Once in so many looks, fewer events than a full segment are grouped too. So readers have little
/// to scan even where little is sold.
const LOOKS: u32 = 64;
/// What part of a full segment is then enough.
const PART: u64 = 32;

/// How long the thread waits after an error that will not pass by itself.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(60);

/// The thread that groups events. It ends when this is dropped.
pub(crate) struct Segments {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Segments {
    /// Starts it. If it fails later, readers scan the events instead.
    pub(crate) fn start(url: &DatabaseUrl, options: &PostgresOptions) -> Result<Self, OpenError> {
        let unusable = |error: std::io::Error| OpenError::Unusable(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unusable)?;
        let (stop, stopped) = oneshot::channel();
        let (url, full) = (url.clone(), u64::try_from(options.segment_events.max(1)).unwrap_or(u64::MAX));
        let body = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = keep_grouping(&url, full) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("segments".into()).spawn(body).map_err(unusable)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn keep_grouping(url: &DatabaseUrl, full: u64) {
    let mut session = None;
    for look in 1_u32.. {
        let jitter = u64::from(Uuid::new_v4().as_bytes()[0]) * PAUSE.as_millis() as u64 / 256;
        tokio::time::sleep(PAUSE + Duration::from_millis(jitter)).await;
        let least = if look % LOOKS == 0 { full.div_ceil(PART) } else { full };
        if let Err(error) = catch_up(url, &mut session, least..=full).await {
            session = None;
            if error.ends_session() || error.is_missing_table() {
                // The writer has the same trouble, and logs it.
                tracing::debug!(?error, "no events can be grouped");
            } else {
                tracing::warn!(
                    ?error,
                    "events could not be grouped; it is tried again in {PAUSE_AFTER_ERROR:?}"
                );
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// Groups ranges of so many events until there are not enough.
async fn catch_up(
    url: &DatabaseUrl,
    session: &mut Option<Session>,
    events: std::ops::RangeInclusive<u64>,
) -> Result<()> {
    if session.is_none() {
        *session = Some(connect_writer(url).await.map_err(|error| DatabaseError::Away(error.to_string()))?);
    }
    if let Some(session) = session {
        while build::next(session, &events).await? {}
    }
    Ok(())
}

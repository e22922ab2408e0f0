//! Forgets idempotency keys that were kept long enough.
//!
//! It walks through all keys in their own order, so that neighbors in the database go together.

use std::time::Duration;

use async_trait::async_trait;
use earmark_core::idempotency::purge::{PURGE_MAX, PurgeIdempotencyKeys};
use earmark_core::{Action, Span};
use earmark_store::Store;

use crate::runner::{Worker, WorkerError, submit};

/// The rest between two ranges of keys: forgetting is never urgent.
const PAUSE: Duration = Duration::from_millis(50);

/// The worker that forgets idempotency keys.
pub struct KeyCleanup {
    pub store: Store,
    /// Keys made longer ago than this are forgotten.
    pub kept: Span,
}

#[async_trait]
impl Worker for KeyCleanup {
    fn name(&self) -> &'static str {
        "key clean-up"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    /// One walk through all keys. It gives zero, since there is never more to do at once.
    async fn run_once(&self) -> Result<usize, WorkerError> {
        let mut after = None;
        loop {
            let made_before = self.store.clock().now().before(self.kept);
            let sweep = self.store.queries().sweep_idempotency_keys(after, made_before, PURGE_MAX).await?;
            if !sweep.expired.is_empty() {
                let purge = PurgeIdempotencyKeys { digests: sweep.expired, kept: self.kept };
                let _ = submit(&self.store, Action::PurgeIdempotencyKeys(purge)).await?;
            }
            match sweep.next {
                Some(next) => after = Some(next),
                None => return Ok(0),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

//! Deletes carts whose time is over.
//!
//! A cart's time begins anew with each change of it, so the command decides again whether it is
//! due.

use std::time::Duration;

use async_trait::async_trait;
use earmark_core::Action;
use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_store::Store;

use crate::runner::{Worker, WorkerError, submit};

/// The most carts deleted in one run.
const CARTS_MAX: usize = 200;

/// The worker that deletes carts.
pub struct CartCleanup {
    pub store: Store,
}

#[async_trait]
impl Worker for CartCleanup {
    fn name(&self) -> &'static str {
        "cart clean-up"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run_once(&self) -> Result<usize, WorkerError> {
        let due = self.store.queries().list_due_carts(self.store.clock().now(), CARTS_MAX).await?;
        for cart_id in &due {
            // It may have been changed or deleted since; then the command is rejected.
            let delete = DeleteCart { cart_id: *cart_id, due: Due::IfExpired };
            let _ = submit(&self.store, Action::DeleteCart(delete)).await?;
        }
        Ok(due.len())
    }
}

//! Releases the stock of orders that were not paid in time, within a second or two of the end of
//! their reservation.
//!
//! An order may be paid between the read and the command, so the command decides again whether it
//! is due.

use std::time::Duration;

use async_trait::async_trait;
use earmark_core::Action;
use earmark_core::orders::expire::ExpireReservation;
use earmark_store::Store;
use tokio::task::JoinSet;

use crate::runner::{Worker, WorkerError, submit};

/// The most orders expired in one run.
const ORDERS_MAX: usize = 200;

/// The worker that ends reservations.
pub struct Expiry {
    pub store: Store,
}

#[async_trait]
impl Worker for Expiry {
    fn name(&self) -> &'static str {
        "expiry"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self) -> Result<usize, WorkerError> {
        let due = self.store.queries().list_due_reservations(self.store.clock().now(), ORDERS_MAX).await?;
        let mut commands = JoinSet::new();
        for order_id in due {
            let store = self.store.clone();
            commands.spawn(async move {
                submit(&store, Action::ExpireReservation(ExpireReservation { order_id })).await
            });
        }
        let done = commands.len();
        while let Some(answer) = commands.join_next().await {
            if let Err(rejection) = answer.expect("a submission does not panic")? {
                tracing::error!(code = rejection.code(), "an expiry was rejected");
            }
        }
        Ok(done)
    }
}

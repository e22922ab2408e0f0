//! Do the workers of all nodes together do each job once? Unpaid orders expire, payments settle
//! whose gateway answers late, and refunds are made, without any request for it, while the workers
//! of every node see the same work. Then every event is counted, order by order.
//!
//! The negative control expects of two orders what did not happen, one event too few and one too
//! many; exactly those must be found.

mod events;
mod expiry;
mod money;
mod orders;

use std::path::Path;
use std::time::Duration;

use earmark_load::LoadError;
use serde::Serialize;

use crate::check::Breach;
use crate::report::{Outcome, Prove};
use crate::setup::Databases;

/// Breaches that are kept.
const BREACHES_MAX: usize = 20;

#[derive(Debug, Clone, clap::Args, Serialize)]
pub(crate) struct Options {
    /// Servers on one database: one on a file, several on a PostgreSQL of their own.
    #[arg(long, default_value_t = 4)]
    nodes: u32,
    /// Orders that are not paid.
    #[arg(long, default_value_t = 2_000)]
    orders: usize,
    /// Orders that are paid, a part of them cancelled.
    #[arg(long, default_value_t = 300)]
    payments: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// From the end of the last reservation until all stock was free, milliseconds.
    free_after_ms: u64,
    /// From the last request until each payment and each refund had its end, milliseconds.
    settled_after_ms: u64,
    /// Refunds that were made.
    refunds: usize,
    /// The first of them.
    breaches: Vec<Breach>,
}

impl Prove for Options {
    type Figures = Figures;

    const RUN_LIMIT: Option<Duration> = Some(Duration::from_secs(600));

    async fn prove(&self, earmark: &Path) -> Result<Outcome<Self::Figures>, LoadError> {
        let databases = Databases::for_nodes(self.nodes).await?;
        let nodes = orders::NodesOnDatabase { earmark, count: self.nodes };
        let expired = expiry::run(&nodes, databases.create()?, self.orders).await?;
        let money = money::run(&nodes, databases.create()?, self.payments).await?;
        let mut breaches = [expired.breaches, money.breaches].concat();
        breaches.truncate(BREACHES_MAX);
        let is_right = breaches.is_empty();
        let figures = Figures {
            free_after_ms: expired.free_after.as_millis() as u64,
            settled_after_ms: money.settled_after.as_millis() as u64,
            refunds: money.refunds,
            breaches,
        };
        Ok(Outcome { figures, is_right, control_caught: Some(money.control_caught) })
    }
}

//! What do both halves of this proof share? Nodes with items for sale, orders from many tasks at
//! once, and the count of all events when nothing more is to come.

use std::path::Path;
use std::time::Duration;

use earmark_load::{Database, LoadError, Nodes, NodesOptions, Request, Response, catalogue, requests};

use super::events::{self, ExpectedEvents};
use crate::check::Breach;
use crate::setup;

pub(super) const SKUS: u32 = 50;
/// Units of each: more than all orders can take.
const ON_HAND: u64 = 1_000_000;
/// Orders that are under way at once.
pub(super) const FLOWS: usize = 64;
/// How long is waited for a job that is done a second time.
const LATE_DOUBLES: Duration = Duration::from_secs(2);

/// The servers that a run starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodesOnDatabase<'a> {
    pub(super) earmark: &'a Path,
    pub(super) count: u32,
}

impl NodesOnDatabase<'_> {
    /// Starts them with a further argument of `serve`, and with items for sale.
    pub(super) async fn start(
        &self,
        database: Database,
        argument: &str,
        value: &str,
    ) -> Result<Nodes, LoadError> {
        let options = NodesOptions {
            arguments: vec![argument.to_owned(), value.to_owned()],
            ..NodesOptions::new(self.earmark, database, self.count)
        };
        let nodes = Nodes::start_ready(&options).await?;
        catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
        Ok(nodes)
    }
}

/// Counts the events once nothing more is to come, and runs `earmark verify`.
pub(super) async fn check(nodes: &Nodes, expected: &[ExpectedEvents]) -> Result<Vec<Breach>, LoadError> {
    tokio::time::sleep(LATE_DOUBLES).await;
    let all = requests::list(&nodes.first().client(), "/v1/events").await?;
    let mut breaches = events::compare(expected, &all);
    breaches.extend(setup::verify(nodes).await?);
    Ok(breaches)
}

/// The `id` of what was made; an answer without one ends the run.
pub(super) fn id_in(request: &Request, answer: &Response) -> Result<String, LoadError> {
    let made = answer.json().ok().filter(|_| answer.status == 201);
    let id = made.and_then(|made| made["id"].as_str().map(str::to_owned));
    id.ok_or_else(|| LoadError::unexpected(request, answer))
}

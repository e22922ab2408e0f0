//! Does each unpaid order expire once, and soon? All are placed within a second or so, and their
//! reservations end within one more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_load::{Client, Database, LoadError, Nodes, requests, tasks};
use earmark_random::{Random, fresh_seed, key};
use tokio::task::JoinSet;

use super::events::ExpectedEvents;
use super::orders::{FLOWS, NodesOnDatabase, SKUS, check, id_in};
use crate::check::{Breach, BreachKind};
use crate::commands::{self, PlacedAs};
use crate::sending::send_to_any;

/// How long an order holds its stock.
const TTL: Duration = Duration::from_secs(1);
/// How soon after that its stock must be free.
const FREE_LIMIT: Duration = Duration::from_secs(5);
/// How long it is waited for all the same.
const WAIT_LIMIT: Duration = Duration::from_secs(60);
/// How often stock is read.
const POLL: Duration = Duration::from_millis(20);

pub(super) struct Expired {
    pub(super) free_after: Duration,
    pub(super) breaches: Vec<Breach>,
}

/// Places so many orders at all nodes, and lets them expire.
pub(super) async fn run(
    nodes: &NodesOnDatabase<'_>,
    database: Database,
    count: usize,
) -> Result<Expired, LoadError> {
    let nodes = nodes.start(database, "--reservation-ttl", &format!("{}s", TTL.as_secs())).await?;
    let orders = place_all(&nodes, count).await?;
    let ends = Instant::now() + TTL;
    let free_after = wait_until_free(&nodes.first().client(), ends).await?;
    let expected = |order: &String| ExpectedEvents::once(order, &["reservation.expired", "order.cancelled"]);
    let expected: Vec<_> = orders.iter().map(expected).collect();
    let mut breaches = check(&nodes, &expected).await?;
    if free_after > FREE_LIMIT {
        let detail = format!("not free until {} ms after the last reservation's end", free_after.as_millis());
        breaches.push(Breach::new(BreachKind::Stalled, "stock of expired orders", detail));
    }
    Ok(Expired { free_after, breaches })
}

/// Places orders at one node after the other, half of them confirmed; returns their ids.
async fn place_all(nodes: &Nodes, count: usize) -> Result<Vec<String>, LoadError> {
    let clients: Arc<[Client]> = nodes.clients().into();
    let seed = fresh_seed();
    let mut placing = JoinSet::new();
    for flow in 0..FLOWS {
        let clients = Arc::clone(&clients);
        placing.spawn(async move {
            let mut random = Random::stream(seed, flow as u64);
            let mut ids = Vec::new();
            for number in (flow..count).step_by(FLOWS) {
                let placed_as = if number % 2 == 0 { PlacedAs::Confirmed } else { PlacedAs::Created };
                let lines = [(random.below(u64::from(SKUS)) as u32, random.between(1, 3) as u32)];
                let request = commands::place(&key(&mut random), &key(&mut random), &lines, placed_as);
                let answer = send_to_any(&clients, number, &request).await?.response;
                ids.push(id_in(&request, &answer)?);
            }
            Ok::<_, LoadError>(ids)
        });
    }
    Ok(tasks::join_all(placing).await?.concat())
}

/// The time from `ends` until nothing is reserved any more.
async fn wait_until_free(client: &Client, ends: Instant) -> Result<Duration, LoadError> {
    loop {
        let items = requests::list(client, "/v1/items").await?;
        if items.iter().all(|item| item["reserved"] == 0) || ends.elapsed() > WAIT_LIMIT {
            return Ok(ends.elapsed());
        }
        tokio::time::sleep(POLL).await;
    }
}

//! Does each unpaid order expire once, and soon? All are placed within a second or so, and end within one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::judge::Fate;
use super::{FLOWS, ON_HAND, SKUS, UnattendedOptions};
use crate::audit::{Breach, BreachKind};
use crate::catalogue;
use crate::client::Client;
use crate::commands::{self, PlacedAs};
use crate::error::LoadError;
use crate::nodes::{Nodes, NodesOptions};
use crate::random::{Random, fresh_seed, key};
use crate::server::Database;

/// How long an order holds its stock.
const TTL: Duration = Duration::from_secs(1);
/// How soon after that its stock must be free.
const FREE_LIMIT: Duration = Duration::from_secs(5);
/// How long is waited for it all the same.
const WAIT_LIMIT: Duration = Duration::from_secs(60);
/// How often is looked.
const POLL: Duration = Duration::from_millis(20);

/// What came of it.
pub(super) struct Expired {
    pub(super) free_after: Duration,
    pub(super) breaches: Vec<Breach>,
}

/// Places the orders at all nodes, and lets them expire.
pub(super) async fn run(options: &UnattendedOptions, database: Database) -> Result<Expired, LoadError> {
    let servers = NodesOptions {
        arguments: vec!["--reservation-ttl".to_owned(), humantime(TTL)],
        ..NodesOptions::new(&options.earmark, database, options.nodes)
    };
    let nodes = Nodes::start_ready(&servers).await?;
    let client = nodes.first().client();
    catalogue::create(&client, u64::from(SKUS), ON_HAND).await?;
    let orders = place_all(&nodes, options.orders).await?;
    let ends = Instant::now() + TTL;
    let free_after = wait_until_free(&client, ends).await?;
    let fate = |order: &String| Fate::once(order, &["reservation.expired", "order.cancelled"]);
    let fates: Vec<_> = orders.iter().map(fate).collect();
    let mut breaches = super::judge(&nodes, &fates).await?;
    if free_after > FREE_LIMIT {
        let detail = format!("not free until {} ms after the last reservation's end", free_after.as_millis());
        breaches.push(Breach::new(BreachKind::Stalled, "stock of expired orders", detail));
    }
    Ok(Expired { free_after, breaches })
}

fn humantime(time: Duration) -> String {
    format!("{}s", time.as_secs())
}

/// Half of them confirmed, at one node after the other; returns their ids.
async fn place_all(nodes: &Nodes, count: usize) -> Result<Vec<String>, LoadError> {
    let clients: Arc<[Client]> = nodes.clients().into();
    let seed = fresh_seed();
    let mut tasks = JoinSet::new();
    for flow in 0..FLOWS {
        let clients = Arc::clone(&clients);
        tasks.spawn(async move {
            let mut random = Random::stream(seed, flow as u64);
            let mut ids = Vec::new();
            for number in (flow..count).step_by(FLOWS) {
                let placed_as = if number % 2 == 0 { PlacedAs::Confirmed } else { PlacedAs::Created };
                let lines = [(random.below(u64::from(SKUS)) as u32, random.between(1, 3) as u32)];
                let request = commands::place(&key(&mut random), &key(&mut random), &lines, placed_as);
                let answer = commands::send_to_any(&clients, number, &request).await?.response;
                ids.push(super::money::id_in(&request, &answer)?);
            }
            Ok::<_, LoadError>(ids)
        });
    }
    let mut orders = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        orders.extend(ended.unwrap_or_else(|error| Err(LoadError::Server(error.to_string())))?);
    }
    Ok(orders)
}

/// The time from `ends` until nothing is reserved any more.
async fn wait_until_free(client: &Client, ends: Instant) -> Result<Duration, LoadError> {
    loop {
        let items = catalogue::list(client, "/v1/items").await?;
        if items.iter().all(|item| item["reserved"] == 0) || ends.elapsed() > WAIT_LIMIT {
            return Ok(ends.elapsed());
        }
        tokio::time::sleep(POLL).await;
    }
}

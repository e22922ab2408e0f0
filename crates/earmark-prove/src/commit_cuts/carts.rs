//! How is it seen that a command was carried out twice? Clients add to carts of their own without a
//! key, one unit at a time, and delete carts. What is done again is in the cart twice, or is
//! refused because the cart is gone.
//!
//! Invariant: a client sends each command once. After one without an answer it reads the cart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use earmark_load::{Client, LoadError, Request, Response, catalogue};
use earmark_random::Random;
use serde_json::json;
use tokio::task::JoinSet;

use crate::check::{Breach, BreachKind};

/// A cart is deleted after about so many changes.
const CHANGES_A_CART: u64 = 8;
const PAUSE: Duration = Duration::from_millis(10);
/// How long a client tries to read its cart.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// The clients of a run, at work.
pub(super) struct CartClients {
    tasks: JoinSet<Changes>,
    stop: Arc<AtomicBool>,
    found: Arc<AtomicBool>,
}

/// What clients did and found.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) acknowledged: u64,
    pub(super) breaches: Vec<Breach>,
}

struct CartClient {
    clients: Vec<Client>,
    random: Random,
    changes: Changes,
    cart: Option<Cart>,
}

struct Cart {
    id: String,
    /// Units that are in it for certain.
    units: u64,
}

impl CartClients {
    pub(super) fn start(clients: &[Client], count: usize, seed: u64) -> CartClients {
        let (stop, found) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let random = Random::stream(!seed, number as u64);
            let clients = clients.to_vec();
            let client = CartClient { clients, random, changes: Changes::default(), cart: None };
            tasks.spawn(client.work(Arc::clone(&stop), Arc::clone(&found)));
        }
        CartClients { tasks, stop, found }
    }

    pub(super) fn found_something(&self) -> bool {
        self.found.load(Ordering::Relaxed)
    }

    pub(super) async fn stop(mut self) -> Result<Changes, LoadError> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Changes::default();
        while let Some(ended) = self.tasks.join_next().await {
            let changes = ended?;
            all.acknowledged += changes.acknowledged;
            all.breaches.extend(changes.breaches);
        }
        Ok(all)
    }
}

impl CartClient {
    async fn work(mut self, stop: Arc<AtomicBool>, found: Arc<AtomicBool>) -> Changes {
        while !stop.load(Ordering::Relaxed) && self.changes.breaches.is_empty() {
            match self.cart.take() {
                None => self.open_cart().await,
                Some(cart) if self.random.below(CHANGES_A_CART) == 0 => self.delete(cart).await,
                Some(cart) => self.add(cart).await,
            }
            if !self.changes.breaches.is_empty() {
                found.store(true, Ordering::Relaxed);
            }
        }
        self.changes
    }

    /// None: no answer says whether it was done.
    async fn send(&mut self, request: &Request) -> Option<Response> {
        let node = self.random.below(self.clients.len() as u64) as usize;
        let response = self.clients[node].send(request).await.ok();
        let response = response.filter(|response| !matches!(response.status, 429 | 503));
        if response.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
        response
    }

    async fn open_cart(&mut self) {
        let request = Request::new("POST", "/v1/carts").with_body(&json!({ "customer_id": "customer-1" }));
        let Some(response) = self.send(&request).await else { return };
        match response.json().ok().and_then(|body| Some(body["id"].as_str()?.to_owned())) {
            Some(id) if response.status == 201 => self.cart = Some(Cart { id, units: 0 }),
            _ => self.wrong(BreachKind::Refused, &request, &response),
        }
    }

    async fn add(&mut self, cart: Cart) {
        let body = json!({ "sku": catalogue::sku(0), "quantity": 1 });
        let request = Request::new("POST", format!("/v1/carts/{}/lines", cart.id)).with_body(&body);
        let Some(response) = self.send(&request).await else {
            self.cart = self.read(cart).await;
            return;
        };
        self.changes.acknowledged += 1;
        match units(&response) {
            Some(units) if units == cart.units + 1 => self.cart = Some(Cart { units, ..cart }),
            Some(units) if units > cart.units + 1 => self.wrong(BreachKind::Doubled, &request, &response),
            _ => self.wrong(BreachKind::Refused, &request, &response),
        }
    }

    /// After a change without an answer: it is in the cart, or it is not.
    async fn read(&mut self, cart: Cart) -> Option<Cart> {
        let request = Request::new("GET", format!("/v1/carts/{}", cart.id));
        let start = Instant::now();
        while start.elapsed() < READ_LIMIT {
            let Some(response) = self.send(&request).await else { continue };
            match units(&response) {
                Some(units) if units == cart.units || units == cart.units + 1 => {
                    return Some(Cart { units, ..cart });
                }
                _ => self.wrong(BreachKind::CartDiffers, &request, &response),
            }
            return None;
        }
        self.changes.breaches.push(Breach::new(BreachKind::Lost, cart.id, "cannot be seen any more"));
        None
    }

    async fn delete(&mut self, cart: Cart) {
        let request = Request::new("DELETE", format!("/v1/carts/{}", cart.id));
        let Some(response) = self.send(&request).await else { return };
        self.changes.acknowledged += 1;
        if response.status != 204 {
            self.wrong(BreachKind::Refused, &request, &response);
        }
    }

    fn wrong(&mut self, kind: BreachKind, request: &Request, response: &Response) {
        let detail = format!("sent once, answered {}: {}", response.status, response.excerpt());
        self.changes.breaches.push(Breach::new(kind, request.name(), detail));
    }
}

/// Units in a cart that is shown.
fn units(response: &Response) -> Option<u64> {
    let body = (response.status == 200).then(|| response.json().ok())??;
    body["lines"].as_array()?.iter().map(|line| line["quantity"].as_u64()).sum()
}

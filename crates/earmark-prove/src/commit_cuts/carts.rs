//! Who notices that a command was carried out twice? Shoppers who add to carts of their own without a key, one unit at a
//! time, and delete carts: what is done again is there twice, or is refused because it is there no more.
//!
//! Invariant: a shopper sends each command once; after one whose end it was not told, it looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use earmark_load::LoadError;
use earmark_load::audit::{Breach, BreachKind};
use earmark_load::catalogue;
use earmark_load::client::{Client, Request, Response};
use earmark_load::random::Random;
use serde_json::json;
use tokio::task::JoinSet;

/// A cart is deleted after about so many changes.
const CHANGES_A_CART: u64 = 8;
const PAUSE: Duration = Duration::from_millis(10);
/// How long a shopper tries to see its cart.
const LOOK_LIMIT: Duration = Duration::from_secs(60);

/// Shoppers at work.
pub(super) struct Shoppers {
    tasks: JoinSet<Shopping>,
    stop: Arc<AtomicBool>,
    found: Arc<AtomicBool>,
}

/// What they did and saw.
#[derive(Debug, Default)]
pub(super) struct Shopping {
    /// Changes that were acknowledged.
    pub(super) changes: u64,
    pub(super) breaches: Vec<Breach>,
}

struct Shopper {
    clients: Vec<Client>,
    random: Random,
    seen: Shopping,
    cart: Option<Cart>,
}

struct Cart {
    id: String,
    /// Units that are in it for certain.
    units: u64,
}

impl Shoppers {
    pub(super) fn start(clients: &[Client], count: usize, seed: u64) -> Shoppers {
        let (stop, found) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let random = Random::stream(!seed, number as u64);
            let clients = clients.to_vec();
            let shopper = Shopper { clients, random, seen: Shopping::default(), cart: None };
            tasks.spawn(shopper.shop(Arc::clone(&stop), Arc::clone(&found)));
        }
        Shoppers { tasks, stop, found }
    }

    pub(super) fn found_something(&self) -> bool {
        self.found.load(Ordering::Relaxed)
    }

    pub(super) async fn stop(mut self) -> Result<Shopping, LoadError> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Shopping::default();
        while let Some(ended) = self.tasks.join_next().await {
            let seen = ended.map_err(|error| LoadError::Server(error.to_string()))?;
            all.changes += seen.changes;
            all.breaches.extend(seen.breaches);
        }
        Ok(all)
    }
}

impl Shopper {
    async fn shop(mut self, stop: Arc<AtomicBool>, found: Arc<AtomicBool>) -> Shopping {
        while !stop.load(Ordering::Relaxed) && self.seen.breaches.is_empty() {
            match self.cart.take() {
                None => self.open_cart().await,
                Some(cart) if self.random.below(CHANGES_A_CART) == 0 => self.delete(cart).await,
                Some(cart) => self.add(cart).await,
            }
            if !self.seen.breaches.is_empty() {
                found.store(true, Ordering::Relaxed);
            }
        }
        self.seen
    }

    /// None: nobody said whether it was done.
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
        let request = Request::new("POST", "/v1/carts").with_body(&json!({ "customer_id": "shopper" }));
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
            self.cart = self.look(cart).await;
            return;
        };
        self.seen.changes += 1;
        match units(&response) {
            Some(units) if units == cart.units + 1 => self.cart = Some(Cart { units, ..cart }),
            Some(units) if units > cart.units + 1 => self.wrong(BreachKind::Doubled, &request, &response),
            _ => self.wrong(BreachKind::Refused, &request, &response),
        }
    }

    /// After a change without an answer: it is in the cart, or it is not.
    async fn look(&mut self, cart: Cart) -> Option<Cart> {
        let request = Request::new("GET", format!("/v1/carts/{}", cart.id));
        let start = Instant::now();
        while start.elapsed() < LOOK_LIMIT {
            let Some(response) = self.send(&request).await else { continue };
            match units(&response) {
                Some(units) if units == cart.units || units == cart.units + 1 => {
                    return Some(Cart { units, ..cart });
                }
                _ => self.wrong(BreachKind::CartDiffers, &request, &response),
            }
            return None;
        }
        self.seen.breaches.push(Breach::new(BreachKind::Lost, cart.id, "cannot be seen any more"));
        None
    }

    async fn delete(&mut self, cart: Cart) {
        let request = Request::new("DELETE", format!("/v1/carts/{}", cart.id));
        let Some(response) = self.send(&request).await else { return };
        self.seen.changes += 1;
        if response.status != 204 {
            self.wrong(BreachKind::Refused, &request, &response);
        }
    }

    fn wrong(&mut self, kind: BreachKind, request: &Request, response: &Response) {
        let detail = format!("sent once, answered {}: {}", response.status, response.excerpt());
        self.seen.breaches.push(Breach::new(kind, request.name(), detail));
    }
}

/// Units in a cart that is shown.
fn units(response: &Response) -> Option<u64> {
    let body = (response.status == 200).then(|| response.json().ok())??;
    body["lines"].as_array()?.iter().map(|line| line["quantity"].as_u64()).sum()
}

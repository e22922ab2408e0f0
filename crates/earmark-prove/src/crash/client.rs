//! How is load made of which every effect is known? By clients with orders of their own, each with
//! one command under way at a time, so that each knows exactly what was acknowledged to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use earmark_load::{Client, LoadError, Response};
use earmark_random::{Random, key};

use super::commands::{Command, InFlight, placed_order};
use crate::check::{Breach, BreachKind, ExpectedOrder, PaymentStatus};
use crate::commands::{Lines, PlacedAs};
use crate::sending::{is_transient, wait_for_payment};

pub(super) const SKUS: u32 = 500;

/// New orders are worked on while they are among the last so many.
const RECENT_ORDERS: usize = 12;

/// The load between two comparisons, as all clients share it.
#[derive(Debug, Default)]
pub(super) struct LoadPhase {
    ended: AtomicBool,
    acknowledged: AtomicU64,
}

impl LoadPhase {
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// The answers to commands so far.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }
}

/// The load of one connection, and what was acknowledged to it.
#[derive(Debug)]
pub(super) struct LoadClient {
    pub(super) random: Random,
    pub(super) orders: Vec<ExpectedOrder>,
    /// Orders that a command was sent for since the last restart.
    pub(super) touched: BTreeSet<usize>,
    pub(super) adjustments: Vec<(u32, i64)>,
    /// The command that has no answer yet.
    pub(super) in_flight: Option<InFlight>,
    pub(super) acknowledged: u64,
    /// Answers that contradict their command.
    pub(super) breaches: Vec<Breach>,
    /// Shipments under way, by order.
    pub(super) shipments: BTreeMap<usize, (String, Lines)>,
}

impl LoadClient {
    pub(super) fn new(random: Random) -> LoadClient {
        LoadClient {
            random,
            orders: Vec::new(),
            touched: BTreeSet::new(),
            adjustments: Vec::new(),
            in_flight: None,
            acknowledged: 0,
            breaches: Vec::new(),
            shipments: BTreeMap::new(),
        }
    }

    /// Sends commands until the server is gone, the phase ends, or something is wrong.
    pub(super) async fn work(mut self, client: Client, phase: Arc<LoadPhase>) -> LoadClient {
        while self.breaches.is_empty() && !phase.has_ended() {
            let in_flight = self.draw();
            let request = in_flight.request(in_flight.order.map(|order| &self.orders[order]));
            self.touched.extend(in_flight.order);
            self.in_flight = Some(in_flight.clone());
            let response = loop {
                match client.send(&request).await {
                    Ok(response) if is_transient(&response) && phase.has_ended() => return self,
                    Ok(response) if is_transient(&response) => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Ok(response) => break response,
                    Err(_) => return self,
                }
            };
            self.in_flight = None;
            self.acknowledge(&in_flight, &response);
            phase.acknowledged.fetch_add(1, Ordering::Relaxed);
            if self.settle(&client, in_flight.order).await.is_err() {
                return self;
            }
        }
        self
    }

    /// Keeps what was acknowledged; an answer that contradicts the command is a breach.
    pub(super) fn acknowledge(&mut self, in_flight: &InFlight, response: &Response) {
        if !in_flight.succeeded(response) {
            let request = in_flight.request(in_flight.order.map(|order| &self.orders[order]));
            let subject = format!("{} {}", request.name(), String::from_utf8_lossy(&request.body));
            let detail = format!("answered {}: {}", response.status, response.excerpt());
            self.breaches.push(Breach::new(BreachKind::Refused, subject, detail));
            return;
        }
        self.acknowledged += 1;
        let body = response.json().unwrap_or_default();
        if let Command::Adjust { sku, delta } = in_flight.command {
            self.adjustments.push((sku, delta));
        } else if let Some(order) = placed_order(&body, &in_flight.command) {
            self.breaches.extend(order.compare(&body));
            self.touched.insert(self.orders.len());
            self.orders.push(order);
        }
        let Some(number) = in_flight.order else { return };
        let breaches = in_flight.acknowledge(&mut self.orders[number], response);
        self.breaches.extend(breaches);
        match &in_flight.command {
            Command::Ship { lines } => {
                let shipment = body["id"].as_str().unwrap_or("absent").to_owned();
                self.shipments.insert(number, (shipment, lines.clone()));
            }
            Command::Deliver { .. } => {
                self.shipments.remove(&number);
            }
            _ => {}
        }
    }

    /// Waits for the end of a pending payment.
    async fn settle(&mut self, client: &Client, order: Option<usize>) -> Result<(), LoadError> {
        let Some(order) = order.map(|number| &mut self.orders[number]) else { return Ok(()) };
        let Some(pending) = order.pending_payment().map(|payment| payment.id.clone()) else { return Ok(()) };
        let ended = tokio::time::timeout(Duration::from_secs(5), wait_for_payment(client, &pending)).await;
        let ended = ended.map_err(|_| LoadError::Interrupted)??;
        if let Some(status) = PaymentStatus::of(&ended) {
            order.set_payment(&pending, status);
        }
        Ok(())
    }

    fn draw(&mut self) -> InFlight {
        let key = key(&mut self.random);
        let sku = self.random.below(u64::from(SKUS)) as u32;
        if self.random.percent(8) {
            let delta = [-3, -2, -1, 1, 2, 3][self.random.below(6) as usize];
            return InFlight { key, command: Command::Adjust { sku, delta }, order: None };
        }
        let first = self.orders.len().saturating_sub(RECENT_ORDERS);
        let number = first + self.random.below((self.orders.len() - first) as u64) as usize;
        if !self.random.percent(30)
            && let Some(command) = self.next_for(number)
        {
            return InFlight { key, command, order: Some(number) };
        }
        InFlight { key, command: self.draw_order(), order: None }
    }

    fn draw_order(&mut self) -> Command {
        let mut lines: Lines = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            let sku = self.random.below(u64::from(SKUS)) as u32;
            if lines.iter().all(|&(taken, _)| taken != sku) {
                lines.push((sku, self.random.between(1, 5) as u32));
            }
        }
        let placed_as = if self.random.percent(50) { PlacedAs::Confirmed } else { PlacedAs::Created };
        Command::Place { reference: key(&mut self.random), lines, placed_as }
    }

    /// A command that the order's state allows; None if there is none, or if its payment is not at
    /// its end.
    fn next_for(&mut self, number: usize) -> Option<Command> {
        let order = self.orders.get(number)?;
        if order.pending_payment().is_some() {
            return None;
        }
        let open = open_lines(order);
        match order.status() {
            "CREATED" | "CONFIRMED" if self.random.percent(10) => Some(Command::Cancel { lines: Vec::new() }),
            "CREATED" | "CONFIRMED" if self.random.percent(10) => {
                Some(Command::Cancel { lines: one_of(&open) })
            }
            "CREATED" => Some(Command::Confirm),
            "CONFIRMED" if self.random.percent(20) => Some(Command::Pay { token: "tok_declined" }),
            "CONFIRMED" => Some(Command::Pay { token: "tok_ok" }),
            "PAID" if self.random.percent(15) => Some(Command::Cancel { lines: one_of(&open) }),
            "PAID" if self.shipments.contains_key(&number) => self.deliver(number),
            "PAID" if self.random.percent(40) => Some(Command::Ship { lines: one_of(&open) }),
            "PAID" => Some(Command::Ship { lines: open }),
            "SHIPPED" => self.deliver(number),
            _ => None,
        }
    }

    fn deliver(&self, number: usize) -> Option<Command> {
        let (shipment, lines) = self.shipments.get(&number)?.clone();
        Some(Command::Deliver { shipment, lines })
    }
}

/// What is neither cancelled nor shipped.
fn open_lines(order: &ExpectedOrder) -> Lines {
    let open = order.lines.iter().map(|(&sku, line)| (sku, line.quantity - line.cancelled - line.shipped));
    open.filter(|&(_, units)| units > 0).collect()
}

fn one_of(open: &[(u32, u32)]) -> Lines {
    open.iter().take(1).map(|&(sku, _)| (sku, 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(body: &serde_json::Value) -> Response {
        Response { status: 201, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    /// Carries a drawn command out, as a server without faults would.
    fn carry_out(client: &mut LoadClient, in_flight: &InFlight) {
        match (&in_flight.command, in_flight.order) {
            (Command::Place { .. }, _) => {
                let placed = placed_order(&json!({"id": "ord", "version": 1}), &in_flight.command).unwrap();
                client.orders.push(placed);
            }
            (Command::Ship { lines }, Some(number)) => {
                in_flight.apply(&mut client.orders[number]);
                client.shipments.insert(number, ("shp".to_owned(), lines.clone()));
            }
            (Command::Deliver { .. }, Some(number)) => {
                in_flight.apply(&mut client.orders[number]);
                client.shipments.remove(&number);
            }
            (Command::Pay { token }, Some(number)) => {
                let ok = *token == "tok_ok";
                let status = if ok { PaymentStatus::Succeeded } else { PaymentStatus::Declined };
                let id = format!("pay_{}", in_flight.key);
                client.orders[number].set_payment(&id, status);
            }
            (_, Some(number)) => in_flight.apply(&mut client.orders[number]),
            _ => {}
        }
    }

    #[test]
    fn drawn_commands_keep_counters_in_bounds_and_reach_each_status() {
        let mut client = LoadClient::new(Random::new(5));
        for _ in 0..20_000 {
            let in_flight = client.draw();
            carry_out(&mut client, &in_flight);
        }
        let mut statuses = BTreeSet::new();
        for order in &client.orders {
            statuses.insert(order.status());
            for line in order.lines.values() {
                assert!(
                    line.cancelled + line.shipped <= line.quantity && line.delivered <= line.shipped,
                    "{order:?}"
                );
            }
        }
        let all = ["CANCELLED", "CONFIRMED", "CREATED", "DELIVERED", "PAID", "SHIPPED"];
        assert_eq!(statuses.into_iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn refused_command_and_contradicting_answer_are_breaches() {
        let mut client = LoadClient::new(Random::new(5));
        let command = Command::Adjust { sku: 1, delta: 1 };
        let in_flight = InFlight { key: "k".to_owned(), command, order: None };
        client.acknowledge(&in_flight, &Response { status: 409, ..answer(&json!({})) });
        assert_eq!(client.breaches.pop().unwrap().kind, BreachKind::Refused);

        client.orders.push(ExpectedOrder::placed("ord_1", "r", &[(1, 1)]));
        let in_flight = InFlight { key: "k".to_owned(), command: Command::Confirm, order: Some(0) };
        let unconfirmed = json!({
            "id": "ord_1", "reference": "r", "version": 2, "status": "CREATED", "payments": [],
            "lines": [{"sku": "SKU-000001", "quantity": 1, "cancelled": 0, "shipped": 0, "delivered": 0}],
            "total": client.orders[0].total(), "placed_total": client.orders[0].total(),
            "paid_total": 0, "balance_due": client.orders[0].total(),
        });
        client.acknowledge(&in_flight, &answer(&unconfirmed));
        let kinds: Vec<_> = client.breaches.iter().map(|breach| breach.kind).collect();
        assert_eq!(kinds, [BreachKind::StatusDiffers]);
    }
}

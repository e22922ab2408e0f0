//! How is the plan carried out? In the order of the file where it matters, at once where it does
//! not.
//!
//! What is available decides what the shop refuses, so carts are filled and orders placed one
//! invoice after the other; the lines of one invoice are filled at once. Paying and shipping change
//! nothing that is available, so followers do that behind. A cancellation waits for the payment of
//! its order.
//!
//! Invariant: each answer is compared with the plan; the first that differs ends the replay.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail, ensure};
use earmark_load::{Client, Request, requests, tasks};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

use crate::replay::plan::{Addition, Plan, PlannedLine, PlannedOrder, Step};

/// Tasks that pay and ship behind.
const FOLLOWERS: usize = 6;

/// Carries out the whole plan, with so many requests at once where their order does not matter.
pub(crate) async fn drive(plan: Plan, client: &Client, connections: usize) -> Result<()> {
    let shop = Arc::new(Shop::new(plan, client.clone(), connections));
    shop.receive_stock().await?;
    shop.open_carts().await?;
    shop.trade().await?;
    shop.close_held_orders().await
}

struct Shop {
    plan: Plan,
    client: Client,
    connections: usize,
    /// The ids of the carts and of the orders, by the index of the planned order.
    carts: Vec<OnceLock<String>>,
    orders: Vec<OnceLock<String>>,
    followed: watch::Sender<Followed>,
}

/// What the followers have done.
struct Followed {
    /// By the index of the order.
    done: Vec<bool>,
    failed: bool,
}

impl Shop {
    fn new(plan: Plan, client: Client, connections: usize) -> Self {
        let count = plan.orders.len();
        let slots = || (0..count).map(|_| OnceLock::new()).collect();
        let followed = watch::Sender::new(Followed { done: vec![false; count], failed: false });
        Self { client, connections, carts: slots(), orders: slots(), followed, plan }
    }

    async fn receive_stock(self: &Arc<Self>) -> Result<()> {
        let receive = |sku| Arc::clone(self).receive(sku);
        let skus = self.plan.items.keys().cloned().collect::<Vec<_>>();
        tasks::map(self.connections, skus, receive).await.map(drop)
    }

    async fn receive(self: Arc<Self>, sku: String) -> Result<()> {
        let item = self.plan.items.get(&sku).context("an unplanned SKU")?;
        self.put_price(&sku, item.unit_price).await?;
        if item.received > 0 {
            let body = json!({ "delta": item.received, "reason": "received" });
            self.post(&format!("/v1/items/{sku}/adjustments"), &body, format!("receive-{sku}")).await?;
        }
        Ok(())
    }

    async fn put_price(&self, sku: &str, unit_price: i64) -> Result<()> {
        let name = &self.plan.items.get(sku).context("an unplanned SKU")?.name;
        let body = json!({ "name": name, "unit_price": unit_price });
        let request = Request::new("PUT", format!("/v1/items/{sku}")).with_body(&body);
        requests::expect_one_of(&self.client, &request, &[200, 201]).await?;
        Ok(())
    }

    async fn open_carts(self: &Arc<Self>) -> Result<()> {
        let open = |index| Arc::clone(self).open_cart(index);
        tasks::map(self.connections, 0..self.plan.orders.len(), open).await.map(drop)
    }

    async fn open_cart(self: Arc<Self>, index: usize) -> Result<()> {
        let order = &self.plan.orders[index];
        let body = match &order.customer {
            Some(customer) => json!({ "customer_id": customer }),
            None => json!({}),
        };
        keep_id(&self.carts[index], &self.post("/v1/carts", &body, key("cart", order)).await?)
    }

    /// The steps in their order, with the followers behind.
    async fn trade(self: &Arc<Self>) -> Result<()> {
        let (send, receive) = mpsc::unbounded_channel::<usize>();
        let receive = Arc::new(Mutex::new(receive));
        let mut following = JoinSet::new();
        for _ in 0..FOLLOWERS {
            following.spawn(Arc::clone(self).follow(Arc::clone(&receive)));
        }
        let taken = self.take_steps(&send).await;
        // Without a sender the followers finish what they have and end.
        drop(send);
        // The error of a follower comes first: the steps end because of it.
        tasks::join_all(following).await?;
        taken
    }

    async fn take_steps(self: &Arc<Self>, placed: &mpsc::UnboundedSender<usize>) -> Result<()> {
        let mut prices: HashMap<String, i64> =
            self.plan.items.iter().map(|(sku, item)| (sku.clone(), item.unit_price)).collect();
        for step in &self.plan.steps {
            ensure!(!self.followed.borrow().failed, "a follower has failed");
            match step {
                Step::Order(index) => self.place(*index, &mut prices, placed).await?,
                Step::Adjust { .. } => self.adjust(step).await?,
                Step::Cancel { invoice, order, lines } => {
                    self.cancel(invoice, *order, lines.as_ref()).await?;
                }
            }
        }
        Ok(())
    }

    async fn place(
        self: &Arc<Self>,
        index: usize,
        prices: &mut HashMap<String, i64>,
        placed: &mpsc::UnboundedSender<usize>,
    ) -> Result<()> {
        let order = &self.plan.orders[index];
        let known = &*prices;
        let fill = |sku: &String| {
            let old_price = known.get(sku).copied();
            Arc::clone(self).fill(index, sku.clone(), old_price)
        };
        tasks::map(self.connections, order.lines.keys(), fill).await?;
        for (sku, line) in &order.lines {
            prices.insert(sku.clone(), line.unit_price);
        }
        if !order.is_placed() {
            return Ok(());
        }
        let cart = self.carts[index].get().context("no cart")?;
        let body = json!({ "cart_id": cart, "reference": order.reference, "expected_total": order.total() });
        let answer = self.post("/v1/orders", &body, key("order", order)).await?;
        ensure!(answer["status"] == "CREATED", "order {} is {}", order.reference, answer["status"]);
        keep_id(&self.orders[index], &answer)?;
        placed.send(index).context("the followers are gone")
    }

    /// Puts one line of an order into its cart, at the price of that order.
    async fn fill(self: Arc<Self>, index: usize, sku: String, old_price: Option<i64>) -> Result<()> {
        let cart = self.carts[index].get().context("no cart")?;
        let line = self.plan.orders[index].lines.get(&sku).context("an unplanned line")?;
        if old_price != Some(line.unit_price) {
            self.put_price(&sku, line.unit_price).await?;
        }
        for addition in &line.additions {
            self.add(cart, &sku, addition).await?;
        }
        Ok(())
    }

    /// Adds to a cart; where the plan foresees a refusal, the refusal must name what the plan
    /// names.
    async fn add(&self, cart: &str, sku: &str, addition: &Addition) -> Result<()> {
        let Addition { units, requested, available } = addition;
        let body = json!({ "sku": sku, "quantity": units });
        let request = Request::new("POST", format!("/v1/carts/{cart}/lines")).with_body(&body);
        let status = if addition.is_accepted() { 200 } else { 409 };
        let answer = requests::expect(&self.client, &request, status).await?.json()?;
        if !addition.is_accepted() {
            let shortages = json!([{ "sku": sku, "requested": requested, "available": available }]);
            ensure!(answer["code"] == "insufficient_stock", "{sku}: refused as {}", answer["code"]);
            ensure!(answer["shortages"] == shortages, "{}, not {shortages}", answer["shortages"]);
        }
        Ok(())
    }

    async fn adjust(&self, step: &Step) -> Result<()> {
        let Step::Adjust { line, sku, delta, is_accepted } = step else { bail!("no adjustment") };
        let body = json!({ "delta": delta, "reason": "correction", "note": format!("line {line}") });
        let request = Request::new("POST", format!("/v1/items/{sku}/adjustments"));
        let request = request.with_key(format!("correct-{line}")).with_body(&body);
        let status = if *is_accepted { 201 } else { 409 };
        let answer = requests::expect(&self.client, &request, status).await?.json()?;
        ensure!(*is_accepted || answer["code"] == "stock_below_reserved", "line {line}: {answer}");
        Ok(())
    }

    async fn cancel(&self, invoice: &str, index: usize, lines: Option<&BTreeMap<String, i64>>) -> Result<()> {
        let mut followed = self.followed.subscribe();
        let done = followed.wait_for(|followed| followed.done[index] || followed.failed).await?;
        ensure!(!done.failed, "a follower has failed");
        drop(done);
        let body = match lines {
            Some(lines) => json!({ "lines": quantities(lines), "reason": "customer" }),
            None => json!({ "reason": "customer" }),
        };
        let reference = &self.plan.orders[index].reference;
        let path = format!("/v1/orders/{}/cancel", self.order_id(index)?);
        self.post(&path, &body, format!("cancel-{invoice}-{reference}")).await?;
        Ok(())
    }

    /// Pays and ships orders until no more come, or one fails.
    async fn follow(self: Arc<Self>, receive: Arc<Mutex<mpsc::UnboundedReceiver<usize>>>) -> Result<()> {
        loop {
            let next = receive.lock().await.recv().await;
            let Some(index) = next else { return Ok(()) };
            let result = self.pay_and_ship(index).await;
            self.followed.send_modify(|followed| {
                followed.done[index] = true;
                followed.failed |= result.is_err();
            });
            result?;
        }
    }

    /// An order of which nothing is held back goes its whole way. Of the others, every second one
    /// ships at once what is not held, so that both partly shipped and unshipped orders are
    /// cancelled later.
    async fn pay_and_ship(&self, index: usize) -> Result<()> {
        let order = &self.plan.orders[index];
        let id = self.order_id(index)?;
        let path = format!("/v1/orders/{id}/confirm");
        let confirmed = self.post(&path, &json!({}), key("confirm", order)).await?;
        if order.total() > 0 {
            let body = json!({ "method": { "token": "tok_ok" }, "amount": order.total() });
            let path = format!("/v1/orders/{id}/payments");
            let payment = self.post(&path, &body, key("pay", order)).await?;
            ensure!(payment["status"] == "SUCCEEDED", "{}: payment {payment}", order.reference);
        } else {
            let (reference, status) = (&order.reference, &confirmed["status"]);
            ensure!(status == "PAID", "{reference} costs nothing, is {status}");
        }
        if order.held.is_empty() {
            let shipment = self.ship(index, None).await?;
            return self.deliver(index, &shipment).await;
        }
        let unheld = unheld(order);
        if index.is_multiple_of(2) && !unheld.is_empty() {
            self.ship(index, Some(&unheld)).await?;
        }
        Ok(())
    }

    /// After the last cancellation, ships what is left and delivers all that was shipped.
    async fn close_held_orders(self: &Arc<Self>) -> Result<()> {
        let held = self.plan.orders.iter().enumerate().filter(|(_, order)| !order.held.is_empty());
        let held = held.map(|(index, _)| index).collect::<Vec<_>>();
        let close = |index| Arc::clone(self).close_held_order(index);
        tasks::map(self.connections, held, close).await.map(drop)
    }

    async fn close_held_order(self: Arc<Self>, index: usize) -> Result<()> {
        if unheld(&self.plan.orders[index]).is_empty() {
            return Ok(());
        }
        if !index.is_multiple_of(2) {
            self.ship(index, None).await?;
        }
        let order = requests::read(&self.client, &format!("/v1/orders/{}", self.order_id(index)?)).await?;
        for shipment in order["shipments"].as_array().context("an order without shipments")? {
            self.deliver(index, shipment).await?;
        }
        Ok(())
    }

    async fn ship(&self, index: usize, lines: Option<&BTreeMap<String, i64>>) -> Result<Value> {
        let body = lines.map_or_else(|| json!({}), |lines| json!({ "lines": quantities(lines) }));
        let path = format!("/v1/orders/{}/shipments", self.order_id(index)?);
        self.post(&path, &body, key("ship", &self.plan.orders[index])).await
    }

    async fn deliver(&self, index: usize, shipment: &Value) -> Result<()> {
        let shipment = shipment["id"].as_str().context("a shipment without an id")?;
        let path = format!("/v1/orders/{}/shipments/{shipment}/deliver", self.order_id(index)?);
        self.post(&path, &json!({}), format!("deliver-{shipment}")).await?;
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value, key: String) -> Result<Value> {
        let request = Request::new("POST", path).with_key(key).with_body(body);
        Ok(requests::expect_one_of(&self.client, &request, &[200, 201]).await?.json()?)
    }

    fn order_id(&self, index: usize) -> Result<&str> {
        self.orders[index].get().map(String::as_str).context("an order that was not placed")
    }
}

/// The units that no cancellation takes.
fn unheld(order: &PlannedOrder) -> BTreeMap<String, i64> {
    let left = |sku: &String, line: &PlannedLine| line.units() - order.held.get(sku).copied().unwrap_or(0);
    let lines = order.lines.iter().map(|(sku, line)| (sku.clone(), left(sku, line)));
    lines.filter(|(_, units)| *units > 0).collect()
}

fn quantities(lines: &BTreeMap<String, i64>) -> Value {
    lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect()
}

fn key(what: &str, order: &PlannedOrder) -> String {
    format!("{what}-{}", order.reference)
}

fn keep_id(slot: &OnceLock<String>, resource: &Value) -> Result<()> {
    let id = resource["id"].as_str().with_context(|| format!("no id in {resource}"))?;
    // Each slot has one writer: the step that creates the resource.
    slot.set(id.to_owned()).ok().context("created twice")
}

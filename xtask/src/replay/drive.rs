//! How does the shop go through the plan? In the order of the file where it matters, at once where it does not.
//!
//! What is available decides what the shop refuses, so carts are filled and orders placed one invoice after the other
//! (the rows of one invoice at once, but those of one SKU in their order). Paying and shipping change nothing that is
//! available: they follow behind on threads of their own. A cancellation waits for its order's payment.
//! Invariant: each answer is held against the plan; the first that differs ends the replay.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::client::{Api, Call};
use crate::replay::plan::{Ask, Plan, PlannedLine, PlannedOrder, Step};

/// Threads that pay and ship behind.
const FOLLOWERS: usize = 6;

/// Goes through the whole plan.
pub(crate) fn drive(plan: &Plan, api: &Api) -> Result<()> {
    let shop = Shop::new(plan, api);
    shop.receive_stock()?;
    shop.open_carts()?;
    shop.trade()?;
    shop.close_held_orders()
}

struct Shop<'a> {
    plan: &'a Plan,
    api: &'a Api,
    /// By index of the order.
    carts: Vec<OnceLock<String>>,
    orders: Vec<OnceLock<String>>,
    following: Mutex<Following>,
    followed: Condvar,
}

/// What the followers have done.
#[derive(Default)]
struct Following {
    done: Vec<bool>,
    failed: Option<anyhow::Error>,
}

impl<'a> Shop<'a> {
    fn new(plan: &'a Plan, api: &'a Api) -> Self {
        let slots = || plan.orders.iter().map(|_| OnceLock::new()).collect();
        let following = Following { done: vec![false; plan.orders.len()], failed: None };
        Self {
            plan,
            api,
            carts: slots(),
            orders: slots(),
            following: Mutex::new(following),
            followed: Condvar::new(),
        }
    }

    fn receive_stock(&self) -> Result<()> {
        let items = self.plan.items.iter().collect::<Vec<_>>();
        self.api.each(&items, |(sku, item)| {
            self.put_price(sku, item.unit_price)?;
            if item.received == 0 {
                return Ok(());
            }
            let body = json!({ "delta": item.received, "reason": "received" });
            self.api.post(&format!("/v1/items/{sku}/adjustments"), body, format!("receive-{sku}"))?;
            Ok(())
        })
    }

    fn put_price(&self, sku: &str, unit_price: i64) -> Result<()> {
        let name = &self.plan.items.get(sku).context("an unplanned SKU")?.name;
        self.api.call(Call {
            method: "PUT",
            path: &format!("/v1/items/{sku}"),
            body: Some(json!({ "name": name, "unit_price": unit_price })),
            key: None,
            statuses: &[200, 201],
        })?;
        Ok(())
    }

    fn open_carts(&self) -> Result<()> {
        let orders = self.plan.orders.iter().zip(&self.carts).collect::<Vec<_>>();
        self.api.each(&orders, |(order, slot)| {
            let body = match &order.customer {
                Some(customer) => json!({ "customer_id": customer }),
                None => json!({}),
            };
            let cart = self.api.post("/v1/carts", body, format!("cart-{}", order.reference))?;
            keep_id(slot, &cart)
        })
    }

    /// The steps in their order, with the followers behind.
    fn trade(&self) -> Result<()> {
        let (send, receive) = mpsc::channel::<usize>();
        let receive = Mutex::new(receive);
        std::thread::scope(|scope| {
            for _ in 0..FOLLOWERS {
                scope.spawn(|| self.follow(&receive));
            }
            let mut prices =
                self.plan.items.iter().map(|(sku, item)| (sku.as_str(), item.unit_price)).collect();
            let result = self.plan.steps.iter().try_for_each(|step| {
                self.check_followers()?;
                match step {
                    Step::Order(index) => self.place(*index, &mut prices, &send),
                    Step::Adjust { .. } => self.adjust(step),
                    Step::Cancel { invoice, order, lines } => self.cancel(invoice, *order, lines.as_ref()),
                }
            });
            // Without a sender the followers finish what they have and end.
            drop(send);
            result
        })?;
        self.check_followers()
    }

    fn place<'b>(
        &'b self,
        index: usize,
        prices: &mut HashMap<&'b str, i64>,
        send: &mpsc::Sender<usize>,
    ) -> Result<()> {
        let order = &self.plan.orders[index];
        let cart = self.carts[index].get().context("no cart")?;
        let lines = order.lines.iter().collect::<Vec<_>>();
        self.api.each(&lines, |(sku, line)| {
            if prices.get(sku.as_str()) != Some(&line.unit_price) {
                self.put_price(sku, line.unit_price)?;
            }
            line.asks.iter().try_for_each(|ask| self.ask(cart, sku, ask))
        })?;
        for (sku, line) in lines {
            prices.insert(sku, line.unit_price);
        }
        if !order.is_placed() {
            return Ok(());
        }
        let body = json!({ "cart_id": cart, "reference": order.reference, "expected_total": order.total() });
        let placed = self.api.post("/v1/orders", body, format!("order-{}", order.reference))?;
        ensure!(placed["status"] == "CREATED", "order {} is {}", order.reference, placed["status"]);
        keep_id(&self.orders[index], &placed)?;
        send.send(index).context("the followers are gone")
    }

    /// Adds to a cart; where the plan foresees a refusal, the refusal must name what the plan names.
    fn ask(&self, cart: &str, sku: &str, ask: &Ask) -> Result<()> {
        let answer = self.api.call(Call {
            method: "POST",
            path: &format!("/v1/carts/{cart}/lines"),
            body: Some(json!({ "sku": sku, "quantity": ask.units })),
            key: None,
            statuses: if ask.is_accepted() { &[200] } else { &[409] },
        })?;
        if !ask.is_accepted() {
            let shortages = json!([{ "sku": sku, "requested": ask.requested, "available": ask.available }]);
            ensure!(answer["code"] == "insufficient_stock", "{sku}: refused as {}", answer["code"]);
            ensure!(answer["shortages"] == shortages, "{}, not {shortages}", answer["shortages"]);
        }
        Ok(())
    }

    fn adjust(&self, step: &Step) -> Result<()> {
        let Step::Adjust { line, sku, delta, is_accepted } = step else { bail!("no adjustment") };
        let answer = self.api.call(Call {
            method: "POST",
            path: &format!("/v1/items/{sku}/adjustments"),
            body: Some(json!({ "delta": delta, "reason": "correction", "note": format!("line {line}") })),
            key: Some(format!("correct-{line}")),
            statuses: if *is_accepted { &[201] } else { &[409] },
        })?;
        ensure!(*is_accepted || answer["code"] == "stock_below_reserved", "line {line}: {answer}");
        Ok(())
    }

    fn cancel(&self, invoice: &str, index: usize, lines: Option<&BTreeMap<String, i64>>) -> Result<()> {
        self.wait_for_follower(index)?;
        let body = match lines {
            Some(lines) => json!({ "lines": quantities(lines), "reason": "customer" }),
            None => json!({ "reason": "customer" }),
        };
        let reference = &self.plan.orders[index].reference;
        let path = format!("/v1/orders/{}/cancel", self.order_id(index)?);
        self.api.post(&path, body, format!("cancel-{invoice}-{reference}"))?;
        Ok(())
    }

    /// Takes orders until no more come.
    fn follow(&self, receive: &Mutex<mpsc::Receiver<usize>>) {
        loop {
            let next = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(index) = next else { return };
            let result = self.pay_and_ship(index);
            let mut following = self.following();
            following.done[index] = true;
            if let Err(error) = result {
                following.failed.get_or_insert(error);
            }
            self.followed.notify_all();
        }
    }

    /// An order of which nothing is held back goes its whole way. Of the others, every second one ships at once what is
    /// not held, so that both a partly shipped and an unshipped order are cancelled later.
    fn pay_and_ship(&self, index: usize) -> Result<()> {
        let order = &self.plan.orders[index];
        let id = self.order_id(index)?;
        let confirmed =
            self.api.post(&format!("/v1/orders/{id}/confirm"), json!({}), key("confirm", order))?;
        if order.total() > 0 {
            let body = json!({ "method": { "token": "tok_ok" }, "amount": order.total() });
            let payment = self.api.post(&format!("/v1/orders/{id}/payments"), body, key("pay", order))?;
            ensure!(payment["status"] == "SUCCEEDED", "{}: payment {payment}", order.reference);
        } else {
            ensure!(
                confirmed["status"] == "PAID",
                "{} costs nothing, is {}",
                order.reference,
                confirmed["status"]
            );
        }
        if order.held.is_empty() {
            let shipment = self.ship(index, None)?;
            return self.deliver(index, &shipment);
        }
        let unheld = unheld(order);
        if index.is_multiple_of(2) && !unheld.is_empty() {
            self.ship(index, Some(&unheld))?;
        }
        Ok(())
    }

    /// After the last cancellation: what is left leaves, and all that left arrives.
    fn close_held_orders(&self) -> Result<()> {
        let held = self.plan.orders.iter().enumerate().filter(|(_, order)| !order.held.is_empty());
        let held = held.map(|(index, _)| index).collect::<Vec<_>>();
        self.api.each(&held, |&index| {
            if unheld(&self.plan.orders[index]).is_empty() {
                return Ok(());
            }
            if !index.is_multiple_of(2) {
                self.ship(index, None)?;
            }
            let order = self.api.get(&format!("/v1/orders/{}", self.order_id(index)?))?;
            let shipments = order["shipments"].as_array().context("an order without shipments")?;
            shipments.iter().try_for_each(|shipment| self.deliver(index, shipment))
        })
    }

    fn ship(&self, index: usize, lines: Option<&BTreeMap<String, i64>>) -> Result<Value> {
        let body = lines.map_or_else(|| json!({}), |lines| json!({ "lines": quantities(lines) }));
        let path = format!("/v1/orders/{}/shipments", self.order_id(index)?);
        self.api.post(&path, body, key("ship", &self.plan.orders[index]))
    }

    fn deliver(&self, index: usize, shipment: &Value) -> Result<()> {
        let shipment = shipment["id"].as_str().context("a shipment without an id")?;
        let path = format!("/v1/orders/{}/shipments/{shipment}/deliver", self.order_id(index)?);
        self.api.post(&path, json!({}), format!("deliver-{shipment}"))?;
        Ok(())
    }

    fn order_id(&self, index: usize) -> Result<&str> {
        self.orders[index].get().map(String::as_str).context("an order that was not placed")
    }

    fn wait_for_follower(&self, index: usize) -> Result<()> {
        let mut following = self.following();
        while !following.done[index] && following.failed.is_none() {
            following = self.followed.wait(following).unwrap_or_else(PoisonError::into_inner);
        }
        drop(following);
        self.check_followers()
    }

    fn check_followers(&self) -> Result<()> {
        self.following().failed.take().map_or(Ok(()), Err)
    }

    fn following(&self) -> MutexGuard<'_, Following> {
        self.following.lock().unwrap_or_else(PoisonError::into_inner)
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

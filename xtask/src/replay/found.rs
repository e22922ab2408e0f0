//! What does the shop hold after the replay? Read over HTTP alone: every item, and every order with
//! its payments and refunds.
//!
//! Invariant: revenue is added up from the payments and refunds themselves, not from the sums of
//! the orders.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use earmark_load::{Client, requests, tasks};
use serde_json::Value;

use crate::replay::state::{ItemState, LineState, OrderState, ShopState};

/// What the refunds may take that follow the last cancellation.
const REFUNDS_MAX: Duration = Duration::from_secs(60);

/// Reads everything, each order once none of its refunds is pending.
pub(crate) async fn read(client: &Client, connections: usize) -> Result<ShopState> {
    let mut shop = ShopState::default();
    for item in requests::list(client, "/v1/items").await? {
        let state = ItemState { on_hand: integer(&item, "on_hand")?, reserved: integer(&item, "reserved")? };
        shop.items.insert(text(&item, "sku")?, state);
    }
    let listed = requests::list(client, "/v1/orders").await?;
    let ids = listed.iter().map(|order| text(order, "id")).collect::<Result<Vec<_>>>()?;
    for order in tasks::map(connections, ids, |id| settled_order(client.clone(), id)).await? {
        shop.revenue += sum(&order, "payments")? - sum(&order, "refunds")?;
        let reference = text(&order, "reference")?;
        anyhow::ensure!(!shop.orders.contains_key(&reference), "two orders with reference {reference}");
        shop.orders.insert(reference, order_state(&order)?);
    }
    Ok(shop)
}

/// An order none of whose refunds is still under way.
async fn settled_order(client: Client, id: String) -> Result<Value> {
    let started = Instant::now();
    loop {
        let order = requests::read(&client, &format!("/v1/orders/{id}")).await?;
        if list(&order, "refunds")?.iter().all(|refund| refund["status"] != "PENDING") {
            return Ok(order);
        }
        if started.elapsed() > REFUNDS_MAX {
            let (limit, refunds) = (REFUNDS_MAX.as_secs(), &order["refunds"]);
            bail!("order {id}: a refund is still pending after {limit} s: {refunds}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn order_state(order: &Value) -> Result<OrderState> {
    let mut lines = BTreeMap::new();
    for line in list(order, "lines")? {
        let state = LineState {
            unit_price: integer(line, "unit_price")?,
            quantity: integer(line, "quantity")?,
            cancelled: integer(line, "cancelled")?,
            shipped: integer(line, "shipped")?,
            delivered: integer(line, "delivered")?,
        };
        lines.insert(text(line, "sku")?, state);
    }
    Ok(OrderState {
        status: text(order, "status")?,
        customer: order["customer_id"].as_str().map(str::to_owned),
        placed_total: integer(order, "placed_total")?,
        total: integer(order, "total")?,
        paid_total: integer(order, "paid_total")?,
        refunded_total: integer(order, "refunded_total")?,
        balance_due: integer(order, "balance_due")?,
        lines,
    })
}

/// The sum of the payments or refunds that succeeded, in pence.
fn sum(order: &Value, what: &str) -> Result<i64> {
    let succeeded = list(order, what)?.iter().filter(|row| row["status"] == "SUCCEEDED");
    succeeded.map(|row| integer(row, "amount")).sum()
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>> {
    value[field].as_array().with_context(|| format!("no list {field} in {value}"))
}

fn integer(value: &Value, field: &str) -> Result<i64> {
    value[field].as_i64().with_context(|| format!("no integer {field} in {value}"))
}

fn text(value: &Value, field: &str) -> Result<String> {
    value[field].as_str().map(str::to_owned).with_context(|| format!("no text {field} in {value}"))
}

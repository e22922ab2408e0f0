//! What do the shop's books show? Read over the API alone: every item, every order with its payments and refunds.
//!
//! Invariant: revenue is added up from the payments and refunds themselves, not from the orders' sums.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::Api;
use crate::replay::books::{Books, ItemBook, LineBook, OrderBook};

/// Refunds are carried out behind the cancellations that create them.
const REFUNDS_MAX: Duration = Duration::from_secs(60);

/// Reads everything, once no refund is pending.
pub(crate) fn read(api: &Api) -> Result<Books> {
    let mut books = Books::default();
    for item in api.list("/v1/items")? {
        let book = ItemBook { on_hand: integer(&item, "on_hand")?, reserved: integer(&item, "reserved")? };
        books.items.insert(text(&item, "sku")?, book);
    }
    let listed = api.list("/v1/orders")?;
    let orders = Mutex::new(Vec::new());
    api.each(&listed, |listed| {
        let order = settled_order(api, &text(listed, "id")?)?;
        orders.lock().unwrap_or_else(PoisonError::into_inner).push(order);
        Ok(())
    })?;
    for order in orders.into_inner().unwrap_or_else(PoisonError::into_inner) {
        books.revenue += sum(&order, "payments")? - sum(&order, "refunds")?;
        let reference = text(&order, "reference")?;
        anyhow::ensure!(!books.orders.contains_key(&reference), "two orders with reference {reference}");
        books.orders.insert(reference, order_book(&order)?);
    }
    Ok(books)
}

/// An order none of whose refunds is still under way.
fn settled_order(api: &Api, id: &str) -> Result<Value> {
    let started = Instant::now();
    loop {
        let order = api.get(&format!("/v1/orders/{id}"))?;
        if list(&order, "refunds")?.iter().all(|refund| refund["status"] != "PENDING") {
            return Ok(order);
        }
        if started.elapsed() > REFUNDS_MAX {
            bail!(
                "order {id}: a refund is still pending after {} s: {}",
                REFUNDS_MAX.as_secs(),
                order["refunds"]
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn order_book(order: &Value) -> Result<OrderBook> {
    let mut lines = BTreeMap::new();
    for line in list(order, "lines")? {
        let book = LineBook {
            unit_price: integer(line, "unit_price")?,
            quantity: integer(line, "quantity")?,
            cancelled: integer(line, "cancelled")?,
            shipped: integer(line, "shipped")?,
            delivered: integer(line, "delivered")?,
        };
        lines.insert(text(line, "sku")?, book);
    }
    Ok(OrderBook {
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

/// The amounts of what succeeded.
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

//! What is for sale during a run? Items made through the interface, many at once, each with its stock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::client::{Client, Request, Response};
use crate::error::LoadError;

/// How many requests are under way at once.
const CONNECTIONS: u64 = 64;
/// Items a page.
const PAGE: u64 = 200;

/// The SKU of the `index`-th item.
#[must_use]
pub fn sku(index: u64) -> String {
    format!("SKU-{index:06}")
}

/// The price of the `index`-th item in minor units: between 1.00 and 100.00, and not all alike.
#[must_use]
pub fn unit_price(index: u64) -> u64 {
    100 + (index * 7_919) % 9_901
}

/// Makes `count` items with `on_hand` units each.
///
/// # Errors
/// The first request that is not answered with 201.
pub async fn create(client: &Client, count: u64, on_hand: u64) -> Result<(), LoadError> {
    let next = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS.min(count) {
        let (client, next) = (client.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok(());
                }
                create_item(&client, index, on_hand).await?;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| Err(LoadError::Server(error.to_string())))?;
    }
    Ok(())
}

async fn create_item(client: &Client, index: u64, on_hand: u64) -> Result<(), LoadError> {
    let sku = sku(index);
    let item = json!({ "name": format!("Item {index}"), "unit_price": unit_price(index) });
    expect(client, &Request::new("PUT", format!("/v1/items/{sku}")).with_body(&item), 201).await?;
    let stock = json!({ "delta": on_hand, "reason": "received" });
    let request =
        Request::new("POST", format!("/v1/items/{sku}/adjustments")).with_key(format!("stock-{sku}"));
    expect(client, &request.with_body(&stock), 201).await?;
    Ok(())
}

/// Sends a request that must be answered with `status`.
///
/// # Errors
/// No answer, or another status.
pub async fn expect(client: &Client, request: &Request, status: u16) -> Result<Response, LoadError> {
    let response = client.send(request).await.map_err(LoadError::client(request.name()))?;
    if response.status != status {
        return Err(LoadError::Unexpected {
            request: request.name(),
            status: response.status,
            body: response.excerpt(),
        });
    }
    Ok(response)
}

/// Reads a whole list, page by page; `path` has no `limit` and no `cursor`.
///
/// # Errors
/// No answer, a status other than 200, or an answer that is not a page.
pub async fn list(client: &Client, path: &str) -> Result<Vec<Value>, LoadError> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let first = format!("{path}{joint}limit={PAGE}");
    let mut rows = Vec::new();
    let mut page = first.clone();
    loop {
        let mut answer = read(client, &page).await?;
        let Value::Array(data) = answer["data"].take() else {
            return Err(LoadError::Server(format!("GET {page}: the answer has no list `data`")));
        };
        let empty = data.is_empty();
        rows.extend(data);
        match answer["next_cursor"].as_str() {
            // An empty page with a cursor would never end.
            Some(cursor) if !empty => page = format!("{first}&cursor={cursor}"),
            _ => return Ok(rows),
        }
    }
}

/// `GET`s a resource that must be there.
///
/// # Errors
/// No answer, a status other than 200, or no JSON.
pub async fn read(client: &Client, path: &str) -> Result<Value, LoadError> {
    let response = expect(client, &Request::new("GET", path), 200).await?;
    response.json().map_err(LoadError::client(format!("GET {path}")))
}

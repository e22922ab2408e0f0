//! What is for sale during a run? Items that are made over HTTP, many at once, each with its stock.
//!
//! Names and prices follow from the index of an item alone, so that a proof knows them without
//! asking.

use serde_json::json;

use crate::client::{Client, Request};
use crate::error::LoadError;
use crate::requests::expect;
use crate::tasks;

/// Requests that are under way at once.
const CONNECTIONS: usize = 64;

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
    let create = |index| create_item(client.clone(), index, on_hand);
    tasks::map(CONNECTIONS, 0..count, create).await.map(drop)
}

async fn create_item(client: Client, index: u64, on_hand: u64) -> Result<(), LoadError> {
    let sku = sku(index);
    let item = json!({ "name": format!("Item {index}"), "unit_price": unit_price(index) });
    expect(&client, &Request::new("PUT", format!("/v1/items/{sku}")).with_body(&item), 201).await?;
    let stock = json!({ "delta": on_hand, "reason": "received" });
    let request =
        Request::new("POST", format!("/v1/items/{sku}/adjustments")).with_key(format!("stock-{sku}"));
    expect(&client, &request.with_body(&stock), 201).await?;
    Ok(())
}

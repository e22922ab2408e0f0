//! `PUT /v1/items/{sku}`: is an item created, replaced, or refused with all that is wrong?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Shop;

#[tokio::test]
async fn a_new_item_is_created_and_an_old_one_replaced() {
    let shop = Shop::open().await;
    let full = json!({
        "name": "Hanging heart", "unit_price": 255, "description": "Holds a T-light", "active": false,
        "image_url": "https://shop.example/85123A.jpg", "metadata": { "aisle": "7" },
    });
    let created = shop.operator("PUT", "/v1/items/85123A").json(&full).send().await;
    assert_snapshot!("created", created.shown());
    let replaced = shop
        .operator("PUT", "/v1/items/85123A")
        .json(&json!({ "name": "Heart", "unit_price": 0 }))
        .send()
        .await;
    assert_snapshot!("replaced", replaced.shown());
}

#[tokio::test]
async fn all_broken_fields_are_reported_at_once() {
    let shop = Shop::open().await;
    let broken = json!({
        "name": " ", "unit_price": -1, "description": "x".repeat(10_001), "image_url": "ftp://x",
        "metadata": { "": "x" },
    });
    assert_snapshot!("broken", shop.operator("PUT", "/v1/items/a").json(&broken).send().await.shown());
    let read_only = json!({ "name": "a", "unit_price": 1, "on_hand": 5 });
    assert_snapshot!("read_only", shop.operator("PUT", "/v1/items/a").json(&read_only).send().await.shown());
    let missing = shop.operator("PUT", "/v1/items/a").json(&json!({ "name": "a" })).send().await;
    assert_eq!((missing.status, missing.code().as_str()), (400, "invalid_request"));
}

//! `GET /v1/items/{sku}/movements`: do the movements explain the counters?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Shop, succeeded, unique};

#[tokio::test]
async fn movements_explain_the_counters() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 10).await;
    let order = shop.order("a", 4, "ada").await;
    let part = json!({ "lines": [{ "sku": "a", "quantity": 1 }], "reason": "customer" });
    shop.operator("POST", &format!("/v1/orders/{order}/cancel")).key(&unique()).json(&part).send().await;
    shop.pay(&order, succeeded()).await;
    shop.operator("POST", &format!("/v1/orders/{order}/shipments")).key(&unique()).send().await;
    assert_snapshot!("movements", shop.operator("GET", "/v1/items/a/movements").send().await.shown());

    // Page by page the counters are the same.
    let whole = shop.operator("GET", "/v1/items/a/movements").send().await.json();
    let (mut rows, mut path) = (Vec::new(), "/v1/items/a/movements?limit=1".to_owned());
    loop {
        let page = shop.operator("GET", &path).send().await.json();
        rows.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/items/a/movements?limit=1&cursor={cursor}");
    }
    assert_eq!(json!(rows), whole["data"]);
}

#[tokio::test]
async fn a_cursor_of_another_item_is_refused() {
    let shop = Shop::open().await;
    for sku in ["a", "b"] {
        shop.stock(sku, 100, 10).await;
        shop.order(sku, 1, "ada").await;
    }
    let page = shop.operator("GET", "/v1/items/a/movements?limit=1").send().await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let other = shop.operator("GET", &format!("/v1/items/b/movements?cursor={cursor}")).send().await;
    assert_eq!(other.status, 400);
    assert_eq!(shop.operator("GET", "/v1/items/none/movements").send().await.status, 404);
}

//! `GET /v1/orders/{id}/events`: is the history of an order complete and in order?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Shop, declined, succeeded, unique};

#[tokio::test]
async fn the_history_of_an_order_is_listed_in_order() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 3, "ada").await;
    shop.pay(&order, declined()).await;
    shop.pay(&order, succeeded()).await;
    let part = json!({ "lines": [{ "sku": "a", "quantity": 1 }], "reason": "inventory" });
    shop.operator("POST", &format!("/v1/orders/{order}/cancel")).key(&unique()).json(&part).send().await;
    let shipped = shop.operator("POST", &format!("/v1/orders/{order}/shipments")).key(&unique()).send().await;
    shop.operator("POST", &format!("/v1/orders/{order}/shipments/{}/deliver", shipped.id())).send().await;
    let path = format!("/v1/orders/{order}/events");
    let whole = shop.operator("GET", &path).send().await;
    assert_snapshot!("history", whole.shown());

    let (mut rows, mut next) = (Vec::new(), format!("{path}?limit=4"));
    loop {
        let page = shop.operator("GET", &next).send().await.json();
        rows.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{path}?limit=4&cursor={cursor}");
    }
    assert_eq!(json!(rows), whole.json()["data"]);
}

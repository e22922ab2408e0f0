//! `POST /v1/orders/{id}/confirm`: does confirming again change nothing?

use serde_json::json;

use crate::support::{Shop, unique};

#[tokio::test]
async fn confirming_again_changes_nothing() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let placed = shop.operator("POST", "/v1/orders").key(&unique()).json(&body).send().await;
    assert_eq!(placed.json()["status"], "CREATED");
    let path = format!("/v1/orders/{}/confirm", placed.id());
    let first = shop.operator("POST", &path).send().await;
    assert_eq!(
        (first.status, &first.json()["status"], first.header("etag")),
        (200, &json!("CONFIRMED"), Some("\"2\""))
    );
    let again = shop.operator("POST", &path).json(&json!({})).send().await;
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(shop.operator("POST", &path).json(&json!({ "x": 1 })).send().await.status, 400);
}

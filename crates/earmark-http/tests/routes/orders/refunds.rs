//! `POST /v1/orders/{id}/refunds` and `GET /v1/refunds`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Request, Shop, succeeded, unique};

/// A shop with a paid order of 5.00.
async fn paid() -> (Shop, String) {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 2, "ada").await;
    shop.pay(&order, succeeded()).await;
    (shop, order)
}

fn refund(shop: &Shop, order: &str, body: &Value) -> Request {
    shop.operator("POST", &format!("/v1/orders/{order}/refunds")).json(body)
}

#[tokio::test]
async fn money_goes_back_within_what_was_captured() {
    let (shop, order) = paid().await;
    let first =
        refund(&shop, &order, &json!({ "amount": 200, "reason": "customer" })).key("r-1").send().await;
    assert_snapshot!("created", first.shown());
    let again =
        refund(&shop, &order, &json!({ "amount": 200, "reason": "customer" })).key("r-1").send().await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(again.json(), first.json(), "once");
    let too_much = refund(&shop, &order, &json!({ "amount": 301 })).key(&unique()).send().await;
    assert_snapshot!("too_much", too_much.shown());
    let rest = refund(&shop, &order, &json!({ "amount": 300 })).key(&unique()).send().await;
    assert_eq!((rest.status, &rest.json()["reason"]), (201, &json!("other")));
    let order = shop.operator("GET", &format!("/v1/orders/{order}")).send().await.json();
    assert_eq!((&order["refunded_total"], &order["payment_status"]), (&json!(500), &json!("refunded")));
    let listed = shop.operator("GET", "/v1/refunds?status=PENDING&limit=1").send().await.json();
    assert_eq!(listed["data"][0]["id"], rest.id(), "the newest first");
    let cursor = listed["next_cursor"].as_str().unwrap().to_owned();
    let next = shop
        .operator("GET", &format!("/v1/refunds?status=PENDING&limit=1&cursor={cursor}"))
        .send()
        .await
        .json();
    assert_eq!((&next["data"][0]["id"], &next["next_cursor"]), (&json!(first.id()), &Value::Null));
}

#[tokio::test]
async fn a_refund_needs_a_key_an_amount_and_an_admin() {
    let (shop, order) = paid().await;
    let without_key = refund(&shop, &order, &json!({ "amount": 1 })).send().await;
    assert_eq!((without_key.status, without_key.code().as_str()), (400, "idempotency_key_required"));
    for wrong in [
        json!({}),
        json!({ "amount": 0 }),
        json!({ "amount": -1 }),
        json!({ "amount": 1.5 }),
        json!({ "amount": 1, "to": "me" }),
    ] {
        let refused = refund(&shop, &order, &wrong).key(&unique()).send().await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_request"), "{wrong}");
    }
    let token = shop.customer_token("ada").await;
    let customer = shop.request("POST", &format!("/v1/orders/{order}/refunds")).token(&token).key(&unique());
    assert_eq!(customer.json(&json!({ "amount": 1 })).send().await.status, 404);
    assert_eq!(shop.operator("GET", "/v1/refunds?status=LOST").send().await.status, 400);
    let refunds = shop.operator("GET", "/v1/refunds").send().await.json();
    assert_eq!(refunds["data"], json!([]), "nothing was done");
}

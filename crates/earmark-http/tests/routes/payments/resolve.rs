//! `POST /v1/payments/{id}/resolve`: an admin enters what became of a payment.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Request, Response, Settings, Shop, unique};

/// A shop whose gateway does not answer, and a PENDING payment of an order of 5.00.
async fn silent() -> (Shop, String, String) {
    let shop = Shop::with(Settings::without_waiting()).await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 2, "ada").await;
    let body = json!({ "method": { "token": "tok_timeout_ok" } });
    let pending = shop
        .operator("POST", &format!("/v1/orders/{order}/payments"))
        .key(&unique())
        .json(&body)
        .send()
        .await;
    assert_eq!(pending.status, 202);
    (shop, order, pending.id())
}

fn resolve(shop: &Shop, payment: &str, body: &Value) -> Request {
    shop.operator("POST", &format!("/v1/payments/{payment}/resolve")).json(body)
}

async fn status(shop: &Shop, order: &str) -> Value {
    shop.operator("GET", &format!("/v1/orders/{order}")).send().await.json()["status"].clone()
}

#[tokio::test]
async fn money_that_was_seen_pays_the_order() {
    let (shop, order, payment) = silent().await;
    let seen = json!({ "status": "SUCCEEDED", "note": "on the statement", "gateway_reference": "ch_1" });
    let done = resolve(&shop, &payment, &seen).send().await;
    assert_snapshot!("resolved", done.shown());
    assert_eq!(status(&shop, &order).await, "PAID");
    let again: Response = resolve(&shop, &payment, &seen).send().await;
    assert_snapshot!("settled", again.shown());
    let history = shop.operator("GET", &format!("/v1/orders/{order}/events")).send().await.json();
    let resolved =
        history["data"].as_array().unwrap().iter().find(|event| event["type"] == "payment.resolved");
    let resolved = resolved.expect("actor and note stay in the history");
    assert_eq!(
        (&resolved["data"]["note"], &resolved["actor"]),
        (&json!("on the statement"), &json!("operator"))
    );
}

#[tokio::test]
async fn an_attempt_that_came_to_nothing_makes_room_for_the_next() {
    let (shop, order, payment) = silent().await;
    let nothing = json!({ "status": "FAILED", "note": "the gateway's support has no trace of it" });
    let keyed = resolve(&shop, &payment, &nothing).key("resolve-1");
    assert_eq!(keyed.clone().send().await.json()["status"], "FAILED");
    assert_eq!(keyed.send().await.header("idempotency-replayed"), Some("true"));
    assert_eq!(status(&shop, &order).await, "CONFIRMED");
    let body = json!({ "method": { "token": "tok_ok" } });
    let next = shop
        .operator("POST", &format!("/v1/orders/{order}/payments"))
        .key(&unique())
        .json(&body)
        .send()
        .await;
    assert_eq!(next.status, 202, "another attempt may begin");
}

#[tokio::test]
async fn a_resolution_says_how_it_is_known() {
    let (shop, order, payment) = silent().await;
    for wrong in [
        json!({ "status": "SUCCEEDED" }),
        json!({ "status": "SUCCEEDED", "note": " " }),
        json!({ "status": "PENDING", "note": "x" }),
        json!({ "status": "FAILED", "note": "x", "gateway_reference": "ch_1" }),
        json!({ "status": "FAILED", "note": "card 4242424242424242" }),
    ] {
        let refused = resolve(&shop, &payment, &wrong).send().await;
        assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_request"), "{wrong}");
    }
    let right = json!({ "status": "FAILED", "note": "x" });
    let stale = resolve(&shop, &payment, &right).header("if-match", "\"99\"").send().await;
    assert_eq!((stale.status, stale.code().as_str()), (412, "version_mismatch"));
    assert_eq!(resolve(&shop, "pay_00000000000000000000000001", &right).send().await.status, 404);
    assert_eq!(status(&shop, &order).await, "CONFIRMED");
    let current = resolve(&shop, &payment, &right).header("if-match", "\"1\"").send().await;
    assert_eq!(current.status, 200, "the version of the payment is meant");
}

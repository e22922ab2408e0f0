//! Does a command under one `Idempotency-Key` happen once, and is it answered the same way again?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Shop, unique};

#[tokio::test]
async fn the_first_answer_comes_again_byte_for_byte() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }], "customer_id": "ada", "confirm": true });
    let request = shop.operator("POST", "/v1/orders").key("order-1").json(&body);
    let first = request.clone().send().await;
    let cancel = shop.operator("POST", &format!("/v1/orders/{}/cancel", first.id())).key("cancel-1");
    let cancelled = cancel.clone().send().await;
    let replay = request.send().await;
    assert_eq!((replay.status, &replay.body), (201, &first.body), "whatever came after");
    assert_eq!(
        (first.header("idempotency-replayed"), replay.header("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_eq!(replay.header("location"), first.header("location"));
    assert_eq!(replay.header("etag"), first.header("etag"));
    assert_eq!(cancel.send().await.body, cancelled.body);
    let quoted = shop.operator("POST", "/v1/orders").key("\"order-1\"").json(&body).send().await;
    assert_eq!(quoted.body, first.body, "quotes are not a part of the key");
    assert_eq!(shop.operator("GET", "/v1/orders").send().await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn many_at_once_have_one_effect() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let request = shop.operator("POST", "/v1/orders").key(&unique()).json(&body);
    let sent: Vec<_> = (0..16).map(|_| tokio::spawn(request.clone().send())).collect();
    let mut bodies = Vec::new();
    for sent in sent {
        let got = sent.await.unwrap();
        assert_eq!(got.status, 201);
        bodies.push(got.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(shop.request("GET", "/v1/items/a").send().await.json()["reserved"], 1);
}

#[tokio::test]
async fn the_same_key_for_anything_else_is_refused() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let body = |quantity: u32| json!({ "lines": [{ "sku": "a", "quantity": quantity }] });
    let first = shop.operator("POST", "/v1/orders").key("k").json(&body(1)).send().await;
    let other_body =
        shop.operator("POST", "/v1/orders").key("k").header("x-request-id", "r").json(&body(2)).send().await;
    assert_snapshot!("reused", other_body.shown());
    let other_path =
        shop.operator("POST", &format!("/v1/orders/{}/cancel", first.id())).key("k").send().await;
    assert_eq!(other_path.status, 422);
    assert_eq!(shop.request("GET", "/v1/items/a").send().await.json()["reserved"], 1);
}

#[tokio::test]
async fn keys_of_two_callers_are_two_keys() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let mut ids = Vec::new();
    for customer in ["ada", "eve"] {
        let token = shop.customer_token(customer).await;
        ids.push(shop.request("POST", "/v1/orders").token(&token).key("k").json(&body).send().await.id());
    }
    ids.push(shop.operator("POST", "/v1/orders").key("k").json(&body).send().await.id());
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_refused_command_leaves_its_key_free() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 0).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let request = shop.operator("POST", "/v1/orders").key("k").json(&body);
    assert_eq!(request.clone().send().await.code(), "insufficient_stock");
    let goods = json!({ "delta": 1, "reason": "received" });
    shop.operator("POST", "/v1/items/a/adjustments").key("goods").json(&goods).send().await;
    let later = request.send().await;
    assert_eq!((later.status, later.header("idempotency-replayed")), (201, None));
}

#[tokio::test]
async fn a_key_has_its_form() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 50).await;
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let long = "k".repeat(255);
    assert_eq!(shop.operator("POST", "/v1/orders").key(&long).json(&body).send().await.status, 201);
    for wrong in [&"k".repeat(256), "", "a b", "\"a", "\"\"", "\u{fc}"] {
        let got = shop.operator("POST", "/v1/orders").key(wrong).json(&body).send().await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{wrong:?}");
    }
    let two = shop.operator("POST", "/v1/orders").key("a").key("b").json(&body).send().await;
    assert_eq!(two.status, 400);
    let none = shop.operator("POST", "/v1/orders").json(&body).send().await;
    assert_eq!(none.code(), "idempotency_key_required");
}

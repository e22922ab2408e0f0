//! `POST /v1/customer-tokens`, and how long a token is valid.

use earmark_core::Timestamp;
use earmark_core::time::Span;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{START, Shop};

#[tokio::test]
async fn a_token_is_valid_for_its_time() {
    let shop = Shop::open().await;
    let body = json!({ "customer_id": "ada", "ttl_seconds": 60 });
    let made = shop.operator("POST", "/v1/customer-tokens").json(&body).send().await;
    assert_snapshot!("created", made.shown());
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let status = async || shop.request("GET", "/v1/orders").token(&token).send().await.status;
    assert_eq!(status().await, 200);
    let end = START.after(Span::from_seconds(60));
    shop.clock.set(Timestamp(end.0 - 1));
    assert_eq!(status().await, 200);
    shop.clock.set(end);
    assert_eq!(status().await, 401);
}

#[tokio::test]
async fn a_token_ends_with_the_key_that_made_it() {
    let shop = Shop::open().await;
    let key = shop.operator("POST", "/v1/keys").json(&json!({ "role": "service" })).send().await.json();
    let service = key["key"].as_str().unwrap();
    let body = json!({ "customer_id": "ada" });
    let made = shop.request("POST", "/v1/customer-tokens").token(service).json(&body).send().await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(shop.request("GET", "/v1/orders").token(&token).send().await.status, 200);
    shop.operator("DELETE", &format!("/v1/keys/{}", key["id"].as_str().unwrap())).send().await;
    assert_eq!(shop.request("GET", "/v1/orders").token(&token).send().await.status, 401);
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let shop = Shop::open().await;
    let token = shop.customer_token("ada").await;
    for place in [9, token.len() / 2, token.len() - 2] {
        let mut forged = token.clone();
        let other = if &token[place..=place] == "A" { "B" } else { "A" };
        forged.replace_range(place..=place, other);
        assert_eq!(shop.request("GET", "/v1/orders").token(&forged).send().await.status, 401, "{place}");
    }
    for ttl in [0, 86_401, -1] {
        let body = json!({ "customer_id": "ada", "ttl_seconds": ttl });
        assert_eq!(
            shop.operator("POST", "/v1/customer-tokens").json(&body).send().await.status,
            400,
            "{ttl}"
        );
    }
}

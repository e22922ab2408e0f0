//! `POST /v1/carts` and `GET /v1/carts/{id}`: is a cart created, and found by its customer alone?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Shop;

#[tokio::test]
async fn a_cart_is_made_and_found_again() {
    let shop = Shop::open().await;
    let body = json!({ "customer_id": "ada", "metadata": { "channel": "web" } });
    let made = shop.operator("POST", "/v1/carts").json(&body).send().await;
    assert_snapshot!("created", made.shown());
    let found = shop.operator("GET", made.header("location").unwrap()).send().await;
    assert_eq!((found.status, found.json()), (200, made.json()));
    assert_eq!(shop.operator("POST", "/v1/carts").send().await.status, 201, "the body is optional");
}

#[tokio::test]
async fn a_customers_cart_is_its_own() {
    let shop = Shop::open().await;
    let ada = shop.customer_token("ada").await;
    let made = shop.request("POST", "/v1/carts").token(&ada).send().await;
    assert_eq!(made.json()["customer_id"], "ada");
    let other =
        shop.request("POST", "/v1/carts").token(&ada).json(&json!({ "customer_id": "eve" })).send().await;
    assert_snapshot!("another_customer", other.shown());
    let same =
        shop.request("POST", "/v1/carts").token(&ada).json(&json!({ "customer_id": "ada" })).send().await;
    assert_eq!(same.status, 201);
}

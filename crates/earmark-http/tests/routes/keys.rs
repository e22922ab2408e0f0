//! `/v1/keys`: is a key shown once, and does it work until it is revoked?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Shop;

async fn make(shop: &Shop, role: &str) -> (String, String) {
    let made =
        shop.operator("POST", "/v1/keys").json(&json!({ "role": role, "name": "Storefront" })).send().await;
    (made.id(), made.json()["key"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_key_is_shown_once_and_works_until_it_is_revoked() {
    let shop = Shop::open().await;
    let made = shop
        .operator("POST", "/v1/keys")
        .json(&json!({ "role": "service", "name": "Storefront" }))
        .send()
        .await;
    assert_snapshot!("created", made.shown());
    let (id, key) = make(&shop, "service").await;
    assert_eq!(shop.request("GET", "/v1/orders").token(&key).send().await.status, 200);
    assert_snapshot!("listed", shop.operator("GET", "/v1/keys").send().await.shown());

    let revoked = shop.operator("DELETE", &format!("/v1/keys/{id}")).send().await;
    assert_snapshot!("revoked", revoked.shown());
    assert_snapshot!("refused", shop.request("GET", "/v1/orders").token(&key).send().await.shown());
    let again = shop.operator("DELETE", &format!("/v1/keys/{id}")).send().await;
    assert_eq!((again.status, again.json()), (200, revoked.json()));
}

#[tokio::test]
async fn a_new_key_cannot_be_replayed_and_takes_no_idempotency_key() {
    let shop = Shop::open().await;
    let got = shop.operator("POST", "/v1/keys").key("k").json(&json!({ "role": "admin" })).send().await;
    assert_snapshot!("keyed", got.shown());
    assert_eq!(shop.operator("GET", "/v1/keys").send().await.json()["data"], json!([]));
    for body in [json!({}), json!({ "role": "customer" }), json!({ "role": "admin", "name": "" })] {
        assert_eq!(shop.operator("POST", "/v1/keys").json(&body).send().await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn keys_are_listed_page_by_page() {
    let shop = Shop::open().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(make(&shop, "admin").await.0);
    }
    let first = shop.operator("GET", "/v1/keys?limit=2").send().await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = shop.operator("GET", &format!("/v1/keys?limit=2&cursor={cursor}")).send().await.json();
    let ids = [&first, &second]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap().clone())
        .collect::<Vec<_>>();
    assert_eq!(ids.iter().map(|key| key["id"].as_str().unwrap()).collect::<Vec<_>>(), made);
}

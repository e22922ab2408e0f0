//! `POST`, `PUT` and `DELETE` of `/v1/carts/{id}/lines`.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Shop;

#[tokio::test]
async fn lines_are_added_set_and_removed() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    shop.stock("b", 100, 1).await;
    let cart = shop.operator("POST", "/v1/carts").send().await.id();
    let lines = format!("/v1/carts/{cart}/lines");
    let add = json!({ "sku": "a", "quantity": 2 });
    shop.operator("POST", &lines).json(&add).send().await;
    assert_snapshot!("added_twice", shop.operator("POST", &lines).json(&add).send().await.shown());
    assert_snapshot!("too_many", shop.operator("POST", &lines).json(&add).send().await.shown());
    let set = shop.operator("PUT", &format!("{lines}/b")).json(&json!({ "quantity": 1 })).send().await;
    assert_eq!((set.status, &set.json()["total"]), (200, &json!(1100)));
    let lower = shop.operator("PUT", &format!("{lines}/a")).json(&json!({ "quantity": 1 })).send().await;
    assert_eq!(lower.json()["total"], 350);
    assert_snapshot!("removed", shop.operator("DELETE", &format!("{lines}/a")).send().await.shown());
    assert_eq!(shop.operator("DELETE", &format!("{lines}/a")).send().await.status, 404);
}

#[tokio::test]
async fn a_line_shows_what_would_stand_in_its_way_today() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    shop.stock("b", 250, 5).await;
    let cart = shop.operator("POST", "/v1/carts").send().await.id();
    for sku in ["a", "b"] {
        let lines = format!("/v1/carts/{cart}/lines");
        shop.operator("POST", &lines).json(&json!({ "sku": sku, "quantity": 3 })).send().await;
    }
    shop.order("a", 3, "eve").await;
    let off = json!({ "name": "Item b", "unit_price": 300, "active": false });
    shop.operator("PUT", "/v1/items/b").json(&off).send().await;
    assert_snapshot!("problems", shop.operator("GET", &format!("/v1/carts/{cart}")).send().await.shown());
}

#[tokio::test]
async fn a_price_that_has_grown_beyond_all_totals_is_no_error() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 1_000).await;
    let cart = shop.operator("POST", "/v1/carts").send().await.id();
    let lines = format!("/v1/carts/{cart}/lines");
    shop.operator("POST", &lines).json(&json!({ "sku": "a", "quantity": 1_000 })).send().await;
    let dear = json!({ "name": "Item a", "unit_price": 9_007_199_254_740_991_i64 });
    shop.operator("PUT", "/v1/items/a").json(&dear).send().await;
    let found = shop.operator("GET", &format!("/v1/carts/{cart}")).send().await;
    assert_eq!((found.status, found.json()["total"].is_null()), (200, true));
}

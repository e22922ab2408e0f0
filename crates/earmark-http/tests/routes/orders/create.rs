//! `POST /v1/orders`: what is placed, and what is refused with which problem?

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Response, Shop, unique};

async fn create(shop: &Shop, body: &Value) -> Response {
    shop.operator("POST", "/v1/orders").key(&unique()).json(body).send().await
}

#[tokio::test]
async fn an_order_of_lines_reserves_its_stock() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    shop.stock("b", 100, 5).await;
    let body = json!({
        "lines": [{ "sku": "a", "quantity": 1 }, { "sku": "b", "quantity": 2 }, { "sku": "a", "quantity": 1 }],
        "customer_id": "ada", "expected_total": 700, "reference": "INV-1", "metadata": { "gift": "yes" },
        "shipping_address": { "name": "Ada", "line1": "12 St James's Square", "city": "London", "country": "GB" },
    });
    let placed = create(&shop, &body).await;
    assert_snapshot!("placed", placed.shown());
    let found = shop.operator("GET", placed.header("location").unwrap()).send().await;
    assert_eq!((found.status, &found.body), (200, &placed.body));
    assert_eq!(shop.request("GET", "/v1/items/a").send().await.json()["reserved"], 2);
}

#[tokio::test]
async fn an_order_of_a_cart_takes_its_lines_out() {
    let shop = Shop::open().await;
    let cart = shop.operator("POST", "/v1/carts").json(&json!({ "customer_id": "ada" })).send().await.id();
    for sku in ["a", "b"] {
        shop.stock(sku, 250, 5).await;
        let lines = format!("/v1/carts/{cart}/lines");
        shop.operator("POST", &lines).json(&json!({ "sku": sku, "quantity": 2 })).send().await;
    }
    let part = create(&shop, &json!({ "cart_id": cart, "skus": ["b"], "confirm": true })).await;
    assert_snapshot!("from_cart", part.shown());
    let left = shop.operator("GET", &format!("/v1/carts/{cart}")).send().await.json();
    assert_eq!(left["lines"].as_array().unwrap().len(), 1);
    assert_eq!(create(&shop, &json!({ "cart_id": cart })).await.status, 201);
    assert_snapshot!("cart_empty", create(&shop, &json!({ "cart_id": cart })).await.shown());
}

#[tokio::test]
async fn refusals_say_what_stands_in_the_way() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    shop.stock("b", 100, 1).await;
    let lines =
        |quantity: u32| json!([{ "sku": "a", "quantity": quantity }, { "sku": "b", "quantity": quantity }]);
    assert_snapshot!("short", create(&shop, &json!({ "lines": lines(6) })).await.shown());
    let changed = json!({ "lines": lines(1), "expected_total": 1 });
    assert_snapshot!("price_changed", create(&shop, &changed).await.shown());
    let named = json!({ "lines": lines(1), "reference": "INV-1" });
    assert_eq!(create(&shop, &named).await.status, 201);
    assert_snapshot!("already_exists", create(&shop, &named).await.shown());
    let off = json!({ "name": "Item a", "unit_price": 250, "active": false });
    shop.operator("PUT", "/v1/items/a").json(&off).send().await;
    assert_snapshot!(
        "inactive",
        create(&shop, &json!({ "lines": [{ "sku": "a", "quantity": 1 }] })).await.shown()
    );
}

#[tokio::test]
async fn malformed_orders_are_refused_field_by_field() {
    let shop = Shop::open().await;
    let broken = json!({
        "lines": [{ "sku": "a b", "quantity": 0 }, { "sku": "a", "quantity": 1_000_001 }],
        "skus": ["a"], "customer_id": "a b", "expected_total": -1, "reference": "",
        "shipping_address": { "city": "" }, "metadata": { "k": "v".repeat(501) },
    });
    assert_snapshot!("broken", create(&shop, &broken).await.shown());
    let wrong = [
        json!({}),
        json!({ "lines": [] }),
        json!({ "cart_id": "cart_x" }),
        json!({ "cart_id": "cart_00000000000000000000000001", "lines": [{ "sku": "a", "quantity": 1 }] }),
        json!({ "cart_id": "cart_00000000000000000000000001", "customer_id": "ada" }),
        json!({ "cart_id": "cart_00000000000000000000000001", "skus": [] }),
        json!({ "lines": [{ "sku": "a", "quantity": 1, "unit_price": 1 }] }),
        json!({ "lines": [{ "sku": "a", "quantity": "1" }] }),
        json!({ "lines": [{ "sku": "none", "quantity": 1 }] }),
        json!([]),
    ];
    for body in wrong {
        let got = create(&shop, &body).await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{body}");
    }
    let none = create(&shop, &json!({ "cart_id": "cart_00000000000000000000000001" })).await;
    assert_eq!(none.status, 404);
}

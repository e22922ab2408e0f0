//! Is `If-Match` honoured on every kind of resource?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Request, Shop, unique};

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let item = json!({ "name": "Item a", "unit_price": 200 });
    let put = |tag: &str| shop.operator("PUT", "/v1/items/a").header("if-match", tag).json(&item);
    assert_snapshot!("stale", put("\"1\"").header("x-request-id", "r").send().await.shown());
    for never in ["\"3\"", "W/\"2\"", "\"two\"", "\"02\""] {
        assert_eq!(put(never).send().await.status, 412, "{never}");
    }
    for malformed in ["2", "\"2", "\"2\", \"3\""] {
        assert_eq!(put(malformed).send().await.status, 400, "{malformed}");
    }
    assert_eq!(put("\"2\"").header("if-match", "\"2\"").send().await.status, 400, "two headers");
    assert_eq!(shop.request("GET", "/v1/items/a").send().await.json()["unit_price"], 100);
    assert_eq!(put("\"2\"").send().await.status, 200);
    assert_eq!(put("*").send().await.status, 200);
    let new = shop.operator("PUT", "/v1/items/new").header("if-match", "*").json(&item).send().await;
    assert_eq!(new.status, 412, "there is nothing to match");
    let new = shop.operator("PUT", "/v1/items/new").header("if-match", "\"1\"").json(&item).send().await;
    assert_eq!((new.status, &new.json()["version"]), (412, &json!(0)));
}

#[tokio::test]
async fn every_command_honours_it() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 50).await;
    let cart = shop.operator("POST", "/v1/carts").send().await.id();
    let lines = format!("/v1/carts/{cart}/lines");
    let order = shop.order("a", 1, "ada").await;
    let one = json!({ "sku": "a", "quantity": 1 });
    shop.operator("POST", &lines).json(&one).send().await;
    let key = shop.operator("POST", "/v1/keys").json(&json!({ "role": "service" })).send().await.id();
    let requests: Vec<Request> = vec![
        shop.operator("POST", "/v1/items/a/adjustments")
            .key(&unique())
            .json(&json!({ "delta": 1, "reason": "lost" })),
        shop.operator("POST", &lines).json(&one),
        shop.operator("PUT", &format!("{lines}/a")).json(&json!({ "quantity": 1 })),
        shop.operator("DELETE", &format!("{lines}/a")),
        shop.operator("DELETE", &format!("/v1/carts/{cart}")),
        shop.operator("POST", "/v1/orders").key(&unique()).json(&json!({ "cart_id": cart })),
        shop.operator("POST", &format!("/v1/orders/{order}/confirm")),
        shop.operator("POST", &format!("/v1/orders/{order}/cancel")).key(&unique()),
        shop.operator("POST", &format!("/v1/orders/{order}/payments"))
            .key(&unique())
            .json(&json!({ "method": { "token": "t" } })),
        shop.operator("DELETE", &format!("/v1/keys/{key}")),
    ];
    for request in requests {
        let bytes = String::from_utf8(request.bytes()).unwrap();
        let got = request.header("if-match", "\"999\"").send().await;
        assert_eq!((got.status, got.code().as_str()), (412, "version_mismatch"), "{bytes}");
    }
    let current = shop.operator("GET", &format!("/v1/orders/{order}")).send().await;
    let tag = current.header("etag").unwrap();
    let cancel =
        shop.operator("POST", &format!("/v1/orders/{order}/cancel")).key(&unique()).header("if-match", tag);
    assert_eq!(cancel.send().await.status, 200);
}

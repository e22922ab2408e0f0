//! Does each stated limit hold? At the limit a request works, one beyond it does not.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Response, Settings, Shop, unique};

async fn put(shop: &Shop, body: &Value) -> u16 {
    shop.operator("PUT", "/v1/items/a").json(body).send().await.status
}

fn item(field: &str, value: Value) -> Value {
    let mut item = json!({ "name": "a", "unit_price": 1 });
    item[field] = value;
    item
}

#[tokio::test]
async fn limits_of_an_item() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 0).await;
    let pairs =
        |count: usize| (0..count).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>();
    let url = |length: usize| format!("https://{}", "x".repeat(length - 8));
    let cases = [
        ("name", json!("ü".repeat(200)), json!("ü".repeat(201))),
        ("description", json!("x".repeat(10_000)), json!("x".repeat(10_001))),
        ("unit_price", json!(9_007_199_254_740_991_i64), json!(9_007_199_254_740_992_i64)),
        ("unit_price", json!(0), json!(-1)),
        ("image_url", json!(url(2_000)), json!(url(2_001))),
        ("metadata", json!(pairs(50)), json!(pairs(51))),
        ("metadata", json!({ "k".repeat(40): "v" }), json!({ "k".repeat(41): "v" })),
        ("metadata", json!({ "k": "v".repeat(500) }), json!({ "k": "v".repeat(501) })),
    ];
    for (field, right, wrong) in cases {
        assert_eq!(put(&shop, &item(field, right)).await, 200, "{field} at its limit");
        assert_eq!(put(&shop, &item(field, wrong)).await, 400, "{field} beyond its limit");
    }
    let sku = |length: usize| format!("/v1/items/{}", "s".repeat(length));
    assert_eq!(shop.operator("PUT", &sku(64)).json(&item("active", json!(true))).send().await.status, 201);
    assert_eq!(shop.operator("PUT", &sku(65)).json(&item("active", json!(true))).send().await.status, 404);
}

async fn order(shop: &Shop, field: &str, value: Value) -> Response {
    let mut body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    body[field] = value;
    shop.operator("POST", "/v1/orders").key(&unique()).json(&body).send().await
}

#[tokio::test]
async fn limits_of_an_order() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 10_000_000).await;
    let line = |quantity: u64| json!([{ "sku": "a", "quantity": quantity }]);
    let lines = |count: usize| json!(vec![json!({ "sku": "a", "quantity": 1 }); count]);
    let cases = [
        ("lines", line(1_000_000), line(1_000_001)),
        ("lines", line(1), line(0)),
        ("lines", lines(500), lines(501)),
        ("customer_id", json!("c".repeat(64)), json!("c".repeat(65))),
        ("reference", json!("r".repeat(64)), json!("r".repeat(65))),
        ("shipping_address", json!({ "city": "c".repeat(200) }), json!({ "city": "c".repeat(201) })),
    ];
    for (field, right, wrong) in cases {
        let got = order(&shop, field, right).await;
        assert_eq!(got.status, 201, "{field} at its limit: {got:?}");
        assert_eq!(order(&shop, field, wrong).await.status, 400, "{field} beyond its limit");
    }
    let twice = json!([{ "sku": "a", "quantity": 1_000_000 }, { "sku": "a", "quantity": 1 }]);
    assert_eq!(order(&shop, "lines", twice).await.status, 400, "lines of one SKU are added up first");
}

#[tokio::test]
async fn limits_of_a_body() {
    let shop = Shop::open().await;
    shop.stock("a", 1, 0).await;
    let padded = |bytes: usize| {
        let json = r#"{"name":"a","unit_price":1}"#;
        format!("{json}{}", " ".repeat(bytes - json.len()))
    };
    let request = |bytes: usize| {
        shop.operator("PUT", "/v1/items/a").header("content-type", "application/json").body(padded(bytes))
    };
    assert_eq!(request(256 * 1024).send().await.status, 200);
    let beyond = request(256 * 1024 + 1).send().await;
    assert_eq!((beyond.status, beyond.code().as_str()), (413, "body_too_large"));
    assert_eq!(request(3 * 256 * 1024).send().await.status, 413, "the client may finish sending");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
        let got = shop.operator("PUT", "/v1/items/a").header("content-type", kind).body("{}").send().await;
        assert_eq!((got.status, got.code().as_str()), (415, "unsupported_media_type"), "{kind}");
    }
    let none = shop.operator("PUT", "/v1/items/a").body("{}").send().await;
    assert_eq!(none.status, 415);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let mut settings = Settings::default();
    settings.door.body_timeout = Duration::from_millis(5);
    let shop = Shop::with(settings).await;
    let request = shop.operator("PUT", "/v1/items/a").json(&json!({ "name": "a", "unit_price": 1 }));
    let bytes = request.bytes();
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let got = Response::parse(&answer);
    assert_eq!((got.status, got.code().as_str()), (408, "request_timeout"));
    assert_eq!(request.send().await.status, 201, "one that comes at once is in time");
}

//! `GET /v1/events` and `GET /v1/verify`.

use serde_json::json;

use crate::support::Shop;

#[tokio::test]
async fn a_reader_polls_on_and_misses_nothing() {
    let shop = Shop::open().await;
    let empty = shop.operator("GET", "/v1/events").send().await.json();
    assert_eq!(empty["data"], json!([]));
    let mut cursor = empty["next_cursor"].as_str().unwrap().to_owned();
    shop.stock("a", 100, 5).await;
    shop.order("a", 1, "ada").await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        let page = shop.operator("GET", &format!("/v1/events?limit=1&cursor={cursor}")).send().await.json();
        seen.extend(page["data"].as_array().unwrap().clone());
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
    }
    let types: Vec<_> = seen.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["item.created", "stock.adjusted", "order.created", "order.confirmed"]);
    let numbers: Vec<_> = seen.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    let placed = &seen[2]["data"];
    assert_eq!(
        *placed,
        json!({
            "reference": null, "customer_id": "ada", "total": 100,
            "lines": [{ "sku": "a", "quantity": 1, "unit_price": 100 }],
        })
    );
}

#[tokio::test]
async fn events_are_filtered_by_type() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let got = shop.operator("GET", "/v1/events?type=stock.adjusted").send().await.json();
    assert_eq!((got["data"].as_array().unwrap().len(), &got["data"][0]["sku"]), (1, &json!("a")));
    assert_eq!(shop.operator("GET", "/v1/events?type=order").send().await.status, 400);
    assert_eq!(shop.operator("GET", "/v1/verify").send().await.json()["breaches"], json!([]));
}

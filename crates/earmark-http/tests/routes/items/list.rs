//! `GET /v1/items`: do pages and filters give each item that they should?

use crate::support::{Response, Shop};
use serde_json::json;

fn skus(got: &Response) -> Vec<String> {
    let json = got.json();
    json["data"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let shop = Shop::open().await;
    for number in 0..7 {
        shop.stock(&format!("sku-{number}"), 100, 0).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/items?limit=3".to_owned());
    loop {
        let page = shop.request("GET", &path).send().await;
        seen.extend(skus(&page));
        let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
        path = format!("/v1/items?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, (0..7).map(|number| format!("sku-{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn filters_hold_all_at_once() {
    let shop = Shop::open().await;
    shop.stock("heart-1", 100, 5).await;
    shop.stock("heart-2", 100, 0).await;
    shop.stock("star-1", 100, 5).await;
    let off = json!({ "name": "Item star", "unit_price": 100, "active": false });
    shop.operator("PUT", "/v1/items/star-1").json(&off).send().await;
    let list = async |query: &str| skus(&shop.request("GET", &format!("/v1/items?{query}")).send().await);
    assert_eq!(list("search=HEART").await, ["heart-1", "heart-2"]);
    assert_eq!(list("search=heart&in_stock=true").await, ["heart-1"]);
    assert_eq!(list("active=false").await, ["star-1"]);
    assert_eq!(list("active=true&in_stock=true").await, ["heart-1"]);
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let shop = Shop::open().await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=1&limit=2",
        "colour=red",
        "in_stock=yes",
        "search=",
        "cursor=AAAA",
        "cursor=",
    ] {
        let got = shop.request("GET", &format!("/v1/items?{query}")).send().await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{query}");
        assert_eq!(got.json()["errors"][0]["in"], "query", "{query}");
    }
    assert_eq!(shop.request("GET", "/v1/items?limit=200").send().await.status, 200);
}

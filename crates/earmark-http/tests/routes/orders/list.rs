//! `GET /v1/orders`: do pages and filters give each order that they should?

use serde_json::json;

use crate::support::{Response, Shop, unique};

fn ids(got: &Response) -> Vec<String> {
    assert_eq!(got.status, 200, "{got:?}");
    let json = got.json();
    json["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn orders_come_newest_first_and_page_by_page() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 50).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(shop.order("a", 1, "ada").await);
    }
    made.reverse();
    assert_eq!(ids(&shop.operator("GET", "/v1/orders").send().await), made);
    let first = shop.operator("GET", "/v1/orders?limit=2").send().await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = shop.operator("GET", &format!("/v1/orders?limit=3&cursor={cursor}")).send().await;
    assert_eq!([ids(&first), ids(&second)].concat(), made);
    assert!(second.json()["next_cursor"].is_null());
}

#[tokio::test]
async fn filters_hold_all_at_once() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 50).await;
    shop.stock("b", 100, 50).await;
    let ada = shop.order("a", 1, "ada").await;
    let eve = shop.order("b", 1, "eve").await;
    let body = json!({ "lines": [{ "sku": "b", "quantity": 1 }], "reference": "INV-7" });
    let named = shop.operator("POST", "/v1/orders").key(&unique()).json(&body).send().await.id();
    let list = async |query: &str| ids(&shop.operator("GET", &format!("/v1/orders?{query}")).send().await);
    assert_eq!(list("customer_id=ada").await, [ada.as_str()]);
    assert_eq!(list("sku=b").await, [named.as_str(), eve.as_str()]);
    assert_eq!(list("sku=b&status=CREATED").await, [named.as_str()]);
    assert_eq!(list("reference=INV-7").await, [named.as_str()]);
    assert_eq!(list("created_after=2026-01-31T09:29:59Z").await.len(), 3);
    assert!(list("created_before=2026-01-31T09:30:00Z").await.is_empty());
    assert!(list("customer_id=ada&sku=b").await.is_empty());
    for query in ["status=paid", "sku=a%20b", "created_after=yesterday", "customer_id=", "page=2", "limit=-1"]
    {
        let got = shop.operator("GET", &format!("/v1/orders?{query}")).send().await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{query}");
    }
}

#[tokio::test]
async fn a_customer_sees_its_own_orders_only() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 50).await;
    let own = shop.order("a", 1, "ada").await;
    shop.order("a", 1, "eve").await;
    let token = shop.customer_token("ada").await;
    assert_eq!(ids(&shop.request("GET", "/v1/orders").token(&token).send().await), [own.as_str()]);
    assert_eq!(ids(&shop.request("GET", "/v1/orders?customer_id=ada").token(&token).send().await), [own]);
    assert_eq!(shop.request("GET", "/v1/orders?customer_id=eve").token(&token).send().await.status, 404);
}

//! `GET /v1/orders/{id}/payments` and `GET /v1/payments/{id}`.

use serde_json::json;

use crate::support::{Shop, declined, succeeded};

#[tokio::test]
async fn payments_are_found_and_listed_newest_first() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let first = shop.pay(&order, declined()).await.json()["payment"].clone();
    shop.pay(&order, declined()).await;
    let last = shop.pay(&order, succeeded()).await;
    let found = shop.operator("GET", last.header("location").unwrap()).send().await;
    assert_eq!((found.status, &found.body), (200, &last.body));

    let path = format!("/v1/orders/{order}/payments");
    let whole = shop.operator("GET", &path).send().await.json();
    let rows = whole["data"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0], &rows[2]), (3, &last.json(), &first));
    assert!(whole["next_cursor"].is_null());

    let (mut paged, mut next) = (Vec::new(), format!("{path}?limit=1"));
    loop {
        let page = shop.operator("GET", &next).send().await.json();
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("{path}?limit=1&cursor={cursor}");
    }
    assert_eq!(json!(paged), whole["data"]);
    assert_eq!(shop.operator("GET", "/v1/payments/pay_00000000000000000000000001").send().await.status, 404);
}

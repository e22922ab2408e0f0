//! `GET /v1/payments`: the payments of all orders, and those that stay PENDING.

use earmark_core::Timestamp;
use serde_json::json;

use crate::support::{START, Settings, Shop, succeeded, unique};

#[tokio::test]
async fn what_is_pending_for_long_is_found() {
    let shop = Shop::with(Settings::without_waiting()).await;
    shop.stock("a", 250, 50).await;
    let mut pending = Vec::new();
    for minutes in 0..3 {
        shop.clock.set(Timestamp(START.0 + minutes * 60_000_000));
        let order = shop.order("a", 1, "ada").await;
        let path = format!("/v1/orders/{order}/payments");
        let body = json!({ "method": { "token": "tok_timeout_ok" } });
        let answer = shop.operator("POST", &path).key(&unique()).json(&body).send().await;
        assert_eq!(answer.status, 202);
        pending.push(answer.id());
    }
    shop.clock.set(Timestamp(START.0 + 10 * 60_000_000));
    let settled = shop.order("a", 1, "ada").await;
    let settled = {
        shop.pay(&settled, succeeded()).await;
        settled
    };
    let list = async |query: &str| {
        let got = shop.operator("GET", &format!("/v1/payments{query}")).send().await;
        assert_eq!(got.status, 200, "{got:?}");
        let rows = got.json()["data"].as_array().unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let newest_first: Vec<_> = pending.iter().rev().cloned().collect();
    assert_eq!(list("?status=PENDING").await, newest_first);
    assert_eq!(
        list("?status=PENDING&older_than=530").await,
        newest_first[1..],
        "a little under nine minutes"
    );
    assert_eq!(list("?status=PENDING&older_than=3600").await, Vec::<String>::new());
    assert_eq!(list("?status=SUCCEEDED").await.len(), 1, "{settled}");
    assert_eq!(list("").await.len(), 4);
    for wrong in ["?older_than=1m", "?older_than=-1", "?status=LOST", "?created_after=yesterday", "?age=1"] {
        assert_eq!(shop.operator("GET", &format!("/v1/payments{wrong}")).send().await.status, 400, "{wrong}");
    }
}

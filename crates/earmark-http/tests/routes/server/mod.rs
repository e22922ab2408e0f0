//! `/healthz`, `/readyz`, `/metrics`, and what every answer carries.

mod docs;
mod stop;

use insta::assert_snapshot;

use crate::support::{Settings, Shop};

#[tokio::test]
async fn the_server_says_how_it_is() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    assert_eq!(shop.request("GET", "/healthz").send().await.status, 200);
    assert_eq!(shop.request("GET", "/readyz").send().await.status, 200);
    let metrics = shop.request("GET", "/metrics").send().await;
    assert_eq!(
        metrics.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.ends_with("# EOF\n"));
    let wanted = "route=\"/v1/items/{sku}\",method=\"PUT\",status=\"2xx\"} 1";
    assert!(text.contains(wanted), "{text}");
    assert!(
        text.contains("earmark_store_alive 1") && text.contains("earmark_store_events_total 2"),
        "{text}"
    );
    assert!(text.lines().all(|line| !line.contains("/v1/items/a\"")), "no label grows with the data");
}

#[tokio::test]
async fn every_answer_is_a_problem_with_an_id_or_has_one_as_a_header() {
    let shop = Shop::open().await;
    let missing = shop.operator("GET", "/v2/orders").header("x-request-id", "mine-1").send().await;
    assert_snapshot!("unknown_route", missing.shown());
    assert_eq!(missing.header("x-request-id"), Some("mine-1"));
    assert_eq!(missing.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(missing.header("cache-control"), Some("no-store"));
    let method = shop.operator("PATCH", "/v1/items/a").header("x-request-id", "mine-2").send().await;
    assert_snapshot!("wrong_method", method.shown());
    let odd = shop.operator("GET", "/v1/items").header("x-request-id", "a b").send().await;
    assert!(odd.header("x-request-id").unwrap().starts_with("req_"));
    let head = shop.operator("HEAD", "/v1/items").send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn requests_beyond_the_most_at_once_are_refused_and_health_is_not() {
    let mut settings = Settings::default();
    settings.door.requests_max = 0;
    let shop = Shop::with(settings).await;
    assert_snapshot!(
        "overloaded",
        shop.request("GET", "/v1/items").header("x-request-id", "r").send().await.shown()
    );
    assert_eq!(shop.request("GET", "/readyz").send().await.status, 200);
    let mut settings = Settings::default();
    settings.door.requests_max = 1;
    let shop = Shop::with(settings).await;
    for _ in 0..3 {
        assert_eq!(shop.request("GET", "/v1/items").send().await.status, 200, "a slot is given back");
    }
}

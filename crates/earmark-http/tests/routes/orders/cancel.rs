//! `POST /v1/orders/{id}/cancel`: what is cancelled, refunded and refused?

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Shop, succeeded, unique};

#[tokio::test]
async fn a_part_of_a_paid_order_is_refunded_with_its_cancellation() {
    let shop = Shop::open().await;
    shop.stock("a", 333, 5).await;
    let order = shop.order("a", 3, "ada").await;
    shop.pay(&order, succeeded()).await;
    let path = format!("/v1/orders/{order}/cancel");
    let part =
        json!({ "lines": [{ "sku": "a", "quantity": 1 }], "reason": "customer", "note": "Changed mind" });

    let tried = shop.operator("POST", &format!("{path}?dry_run=true")).json(&part).send().await;
    let unchanged = shop.operator("GET", &format!("/v1/orders/{order}")).send().await.json();
    assert_eq!((tried.status, &unchanged["cancellations"]), (200, &json!([])));

    let done = shop.operator("POST", &path).key(&unique()).json(&part).send().await;
    assert_snapshot!("part", done.shown());
    assert_eq!(tried.json()["total"], done.json()["total"]);
    assert_eq!(shop.request("GET", "/v1/items/a").send().await.json()["reserved"], 2);
}

#[tokio::test]
async fn what_has_shipped_is_not_cancelled_whole() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let order = shop.order("a", 2, "ada").await;
    shop.pay(&order, succeeded()).await;
    let ship = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    shop.operator("POST", &format!("/v1/orders/{order}/shipments")).key(&unique()).json(&ship).send().await;
    let path = format!("/v1/orders/{order}/cancel");
    assert_snapshot!("shipped", shop.operator("POST", &path).key(&unique()).send().await.shown());
    let rest = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    assert_eq!(
        shop.operator("POST", &path).key(&unique()).json(&rest).send().await.json()["status"],
        "SHIPPED"
    );
}

#[tokio::test]
async fn a_cancellation_needs_a_key_and_sound_fields() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let order = shop.order("a", 2, "ada").await;
    let path = format!("/v1/orders/{order}/cancel");
    assert_eq!(shop.operator("POST", &path).send().await.code(), "idempotency_key_required");
    for (query, body) in [
        ("?dry_run=maybe", json!({})),
        ("?dry=true", json!({})),
        ("", json!({ "reason": "whim" })),
        ("", json!({ "lines": [] })),
        ("", json!({ "lines": [{ "sku": "z", "quantity": 1 }] })),
        ("", json!({ "note": "x".repeat(1_001) })),
    ] {
        let got = shop.operator("POST", &format!("{path}{query}")).key(&unique()).json(&body).send().await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{query} {body}");
    }
    let whole = shop.operator("POST", &path).key(&unique()).send().await.json();
    assert_eq!(
        (&whole["status"], &whole["cancellations"][0]["reason"]),
        (&json!("CANCELLED"), &json!("other"))
    );
}

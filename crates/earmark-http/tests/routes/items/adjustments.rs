//! `POST /v1/items/{sku}/adjustments`: is a count corrected, and never below what is reserved?

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Response, Shop, unique};

async fn adjust(shop: &Shop, body: &Value) -> Response {
    shop.operator("POST", "/v1/items/a/adjustments").key(&unique()).json(body).send().await
}

#[tokio::test]
async fn a_count_is_corrected_by_a_difference_or_to_a_number() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 0).await;
    let by = json!({ "delta": 50, "reason": "received", "note": "Two boxes" });
    assert_snapshot!("by_difference", adjust(&shop, &by).await.shown());
    let to = json!({ "on_hand": 47, "expected_on_hand": 50, "reason": "recount" });
    assert_snapshot!("to_number", adjust(&shop, &to).await.shown());
    assert_snapshot!("mismatch", adjust(&shop, &to).await.shown());
    let whatever = json!({ "on_hand": 10, "expected_on_hand": null, "reason": "recount" });
    assert_eq!(adjust(&shop, &whatever).await.json()["delta"], -37);
}

#[tokio::test]
async fn a_count_never_falls_below_what_is_promised() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    shop.order("a", 3, "ada").await;
    assert_snapshot!(
        "below_reserved",
        adjust(&shop, &json!({ "delta": -3, "reason": "lost" })).await.shown()
    );
    assert_eq!(adjust(&shop, &json!({ "delta": -2, "reason": "lost" })).await.status, 201);
}

#[tokio::test]
async fn a_correction_says_one_thing_and_why() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let wrong = [
        json!({ "reason": "lost" }),
        json!({ "delta": 0, "reason": "lost" }),
        json!({ "delta": 1, "on_hand": 1, "expected_on_hand": 1, "reason": "lost" }),
        json!({ "delta": 1, "expected_on_hand": 1, "reason": "lost" }),
        json!({ "on_hand": 1, "reason": "lost" }),
        json!({ "on_hand": -1, "expected_on_hand": null, "reason": "lost" }),
        json!({ "delta": 1 }),
        json!({ "delta": 1, "reason": "mice" }),
        json!({ "delta": 1.5, "reason": "lost" }),
        json!({ "delta": 1_000_000_001, "reason": "lost" }),
        json!({ "delta": 1_000_000_000, "reason": "lost" }),
    ];
    for body in wrong {
        let got = adjust(&shop, &body).await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{body}");
    }
    let unknown = shop
        .operator("POST", "/v1/items/b/adjustments")
        .key("k")
        .json(&json!({ "delta": 1, "reason": "lost" }));
    assert_eq!(unknown.send().await.status, 404);
    let no_key = shop
        .operator("POST", "/v1/items/a/adjustments")
        .json(&json!({ "delta": 1, "reason": "lost" }))
        .send()
        .await;
    assert_eq!((no_key.status, no_key.code().as_str()), (400, "idempotency_key_required"));
}

//! `POST /v1/orders/{id}/payments`. There is no gateway here: the tests settle the payments.

use earmark_core::payments::settle::PaymentResult;
use earmark_core::text::Name;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Settings, Shop, declined, succeeded, unique};

#[tokio::test]
async fn the_answer_waits_for_the_result_of_the_gateway() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 2, "ada").await;
    assert_snapshot!("declined", shop.pay(&order, declined()).await.shown());
    let failed = PaymentResult::Failed { code: Name::parse("not_known").unwrap() };
    let failed = shop.pay(&order, failed).await;
    assert_eq!((failed.status, &failed.json()["payment"]["status"]), (402, &json!("FAILED")));
    assert_snapshot!("succeeded", shop.pay(&order, succeeded()).await.shown());
    let again = json!({ "method": { "token": "tok_ok" } });
    let paid = shop
        .operator("POST", &format!("/v1/orders/{order}/payments"))
        .key(&unique())
        .json(&again)
        .send()
        .await;
    assert_snapshot!("already_paid", paid.shown());
}

#[tokio::test]
async fn no_answer_in_time_is_unknown_and_a_replay_shows_how_it_stands() {
    let shop = Shop::with(Settings::without_waiting()).await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 2, "ada").await;
    let body = json!({ "method": { "token": "tok_timeout_ok" }, "amount": 500 });
    let request = shop.operator("POST", &format!("/v1/orders/{order}/payments")).key("pay-1").json(&body);
    let pending = request.clone().send().await;
    assert_snapshot!("pending", pending.shown());
    let second =
        shop.operator("POST", &format!("/v1/orders/{order}/payments")).key("pay-2").json(&body).send().await;
    assert_eq!((second.status, second.code().as_str()), (409, "payment_in_progress"));

    let payment = shop.pending_payment(&order).await;
    shop.settle(&order, payment, succeeded()).await;
    let replay = request.send().await;
    assert_eq!((replay.status, replay.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!((replay.id(), &replay.json()["status"]), (pending.id(), &json!("SUCCEEDED")));
}

#[tokio::test]
async fn a_declined_payment_keeps_its_key() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let body = json!({ "method": { "token": "tok_declined" } });
    let request = shop.operator("POST", &format!("/v1/orders/{order}/payments")).key("pay-1").json(&body);
    let first = tokio::spawn(request.clone().send());
    let payment = shop.pending_payment(&order).await;
    shop.settle(&order, payment, declined()).await;
    let first = first.await.unwrap();
    let replay = request.send().await;
    assert_eq!(
        (first.status, replay.status, replay.header("idempotency-replayed")),
        (402, 402, Some("true"))
    );
    assert_eq!(first.json()["payment"], replay.json()["payment"]);
}

#[tokio::test]
async fn a_card_number_is_refused_wherever_it_stands() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let path = format!("/v1/orders/{order}/payments");
    for body in [
        r#"{"method":{"token":"4111111111111111"}}"#,
        r#"{"method":{"token":"tok_4111-1111-1111-1111"}}"#,
        r#"{"method":{"token":"tok_ok","number":"4111 1111 1111 1111"}}"#,
        r#"{"method":{"token":"\u0034111111111111111"}}"#,
    ] {
        let got = shop
            .operator("POST", &path)
            .key(&unique())
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{body}");
        assert!(!String::from_utf8_lossy(&got.body).contains("1111"), "a card number is not shown again");
    }
    for (method, path, key) in [
        ("POST", path.clone(), "4111111111111111"),
        ("POST", path.clone(), "order 4111-1111-1111-1111".trim_start_matches("order ")),
        ("POST", format!("{path}?note=4111%201111%201111%201111"), "k"),
        ("POST", "/v1/orders/4111111111111111/payments".into(), "k"),
        ("POST", "/v1/orders/%34111111111111111/payments".into(), "k"),
        ("GET", "/v1/orders/4111111111111111/payments".into(), "k"),
        ("GET", format!("{path}?cursor=4111111111111111"), "k"),
        ("GET", "/v1/payments/4111111111111111".into(), "k"),
        ("GET", "/v1/payments/pay_4111111111111111".into(), "k"),
    ] {
        let request = shop.operator(method, &path).key(key);
        let got = if method == "POST" {
            request.json(&json!({"method": {"token": "tok_ok"}})).send().await
        } else {
            request.send().await
        };
        assert_eq!((got.status, got.code().as_str()), (400, "invalid_request"), "{method} {path} {key}");
        assert!(!String::from_utf8_lossy(&got.body).contains("1111"), "a card number is not shown again");
    }
    let order = shop.operator("GET", &format!("/v1/orders/{order}")).send().await.json();
    assert_eq!(order["payments"], json!([]));
}

#[tokio::test]
async fn keys_in_the_usual_forms_are_no_card_numbers() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 1, "ada").await;
    for key in [
        "42424242-4242-4242-8242-424242424242",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "4111111111111112",
    ] {
        // A key is checked wherever it is sent, also where none is needed.
        let got = shop.operator("GET", &format!("/v1/orders/{order}/payments")).key(key).send().await;
        assert_eq!(got.status, 200, "{key}");
    }
}

#[tokio::test]
async fn only_what_is_due_can_be_paid_and_only_when_confirmed() {
    let shop = Shop::open().await;
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let path = format!("/v1/orders/{order}/payments");
    let wrong = json!({ "method": { "token": "tok_ok" }, "amount": 1 });
    assert_snapshot!(
        "amount_mismatch",
        shop.operator("POST", &path).key(&unique()).json(&wrong).send().await.shown()
    );
    let body = json!({ "lines": [{ "sku": "a", "quantity": 1 }] });
    let created = shop.operator("POST", "/v1/orders").key(&unique()).json(&body).send().await.id();
    let right = json!({ "method": { "token": "tok_ok" } });
    let path = format!("/v1/orders/{created}/payments");
    assert_snapshot!(
        "not_confirmed",
        shop.operator("POST", &path).key(&unique()).json(&right).send().await.shown()
    );
}

//! `POST /v1/gateways/{name}/webhook`: a notification makes an attempt due and settles nothing.

use earmark_core::Timestamp;
use earmark_core::ids::OrderId;
use earmark_core::payments::PaymentStatus;
use earmark_core::payments::settle::PaymentResult;
use earmark_http::{NotificationKey, SignatureScheme};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::support::{Request, START, Settings, Shop, unique};

const SECRET: &str = "whsec_of_the_tests_0123456789";

async fn with_notifications() -> Shop {
    let mut settings = Settings::without_waiting();
    settings.http.notification_key =
        Some(NotificationKey { scheme: SignatureScheme::Stripe, secret: SECRET.into() });
    Shop::with(settings).await
}

fn notify(shop: &Shop, body: &str, secret: &str) -> Request {
    let seconds = START.0 / 1_000_000;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    shop.request("POST", "/v1/gateways/sandbox/webhook")
        .header("stripe-signature", &format!("t={seconds},v1={signature}"))
        .header("content-type", "application/json")
        .body(body.as_bytes())
}

/// An order with a payment whose next attempt is due only at the end of all time.
async fn waiting(shop: &Shop) -> (OrderId, String) {
    shop.stock("a", 250, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let body = json!({ "method": { "token": "tok_timeout_ok" } });
    let pending = shop
        .operator("POST", &format!("/v1/orders/{order}/payments"))
        .key(&unique())
        .json(&body)
        .send()
        .await;
    let later = PaymentResult::Unknown { next_attempt_at: Timestamp(i64::MAX) };
    shop.settle(&order, shop.pending_payment(&order).await, later).await;
    (order.parse().unwrap(), pending.id())
}

#[tokio::test]
async fn a_genuine_notification_makes_the_attempt_due_and_settles_nothing() {
    let shop = with_notifications().await;
    let (order, payment) = waiting(&shop).await;
    let due = async || {
        let orders = shop.store.queries().list_due_payments(START, 10).await.unwrap();
        orders.iter().any(|row| row.id == order)
    };
    assert!(!due().await);
    let lie = json!({ "type": "payment_intent.succeeded", "data": { "object": { "status": "succeeded", "metadata": { "earmark_id": payment } } } });
    for _ in 0..2 {
        let taken = notify(&shop, &lie.to_string(), SECRET).send().await;
        assert_eq!(taken.status, 204, "{taken:?}");
    }
    assert!(due().await, "the payment will be looked up");
    let row = shop.store.queries().find_order(order).await.unwrap().unwrap();
    assert_eq!(row.payments[0].status, PaymentStatus::Pending, "what it says is not believed");
    assert_eq!(row.payments[0].version, 3, "the second notification changed nothing");
}

#[tokio::test]
async fn a_notification_without_the_secret_is_refused() {
    let shop = with_notifications().await;
    let (order, payment) = waiting(&shop).await;
    let body = json!({ "id": payment }).to_string();
    let forged = notify(&shop, &body, "another secret").send().await;
    assert_eq!((forged.status, forged.code().as_str()), (401, "unauthorized"));
    let changed = notify(&shop, &body, SECRET).body(format!("{body} ").into_bytes()).send().await;
    assert_eq!(changed.status, 401);
    let unsigned =
        shop.request("POST", "/v1/gateways/sandbox/webhook").body(body.clone().into_bytes()).send().await;
    assert_eq!(unsigned.status, 401);
    shop.clock.set(Timestamp(START.0 + 301_000_000));
    assert_eq!(notify(&shop, &body, SECRET).send().await.status, 401, "an old one, sent again");
    let row = shop.store.queries().find_order(order).await.unwrap().unwrap();
    assert_eq!(row.payments[0].next_attempt_at, Timestamp(i64::MAX), "nothing was done");
}

#[tokio::test]
async fn a_notification_about_nothing_of_ours_is_accepted_and_changes_nothing() {
    let shop = with_notifications().await;
    for body in [
        "{}",
        "[]",
        "not json",
        "{\"id\": \"pay_00000000000000000000000001\"}",
        "{\"id\": \"ref_00000000000000000000000001\"}",
    ] {
        assert_eq!(notify(&shop, body, SECRET).send().await.status, 204, "{body}");
    }
    let other = shop.request("POST", "/v1/gateways/paypal/webhook").body(b"{}".to_vec()).send().await;
    assert_eq!(other.status, 404);
    let without_key = Shop::open().await;
    assert_eq!(notify(&without_key, "{}", SECRET).send().await.status, 404, "no secret, no endpoint");
}

//! What happens without a request? Reservations end, silent gateways are asked again, money that
//! came too late goes back.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::time::Duration;

use serde_json::{Value, json};
use shop::{Shop, expect};

/// Reads until `done` says so; generous, since machines are shared.
async fn read_until(shop: &Shop, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_200 {
        let resource = shop.read(path).await;
        if done(&resource) {
            return resource;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never came to it: {}", shop.read(path).await);
}

fn path_of(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_unpaid_order_gives_its_stock_back_when_its_time_is_over() {
    let shop = Shop::open(&["--reservation-ttl", "1s"]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 2)]).await;
    let order = read_until(&shop, &path_of(&order), |order| order["status"] == "CANCELLED").await;
    assert_eq!(order["cancellations"][0]["reason"], "expired");
    assert_eq!(order["reservation_expires_at"], Value::Null);
    assert_eq!(shop.counters("A").await, (5, 0, 5));
    shop.assert_nothing_is_breached().await;
}

#[tokio::test]
async fn a_payment_without_an_answer_pins_the_stock_and_is_settled_later() {
    let shop = Shop::open(&["--reservation-ttl", "5s", "--gateway-timeout", "6s"]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 2)]).await;
    let path = path_of(&order);
    let token = json!({"method": {"token": "tok_timeout_ok"}});
    let answer = shop.client.post(&format!("{path}/payments"), Some("pay"), &token).await.unwrap();
    assert_eq!(expect(202, &answer)["status"], "PENDING");
    assert!(answer.header("location").unwrap().starts_with("/v1/payments/pay_"));
    let other = shop.client.post(&format!("{path}/payments"), Some("pay-2"), &token).await.unwrap();
    assert!(matches!(other.code(), "payment_in_progress" | "already_paid"), "{}", other.excerpt());
    let order = read_until(&shop, &path, |order| order["payment_status"] == "paid").await;
    assert_eq!(order["status"], "PAID");
    assert_eq!(order["payments"].as_array().unwrap().len(), 1);
    // The same request again shows the payment as it now stands.
    let again = shop.client.post(&format!("{path}/payments"), Some("pay"), &token).await.unwrap();
    assert!(again.replayed());
    assert_eq!(expect(201, &again)["status"], "SUCCEEDED");
    assert_eq!(shop.counters("A").await, (5, 2, 3));
    shop.assert_nothing_is_breached().await;
}

#[tokio::test]
async fn money_that_comes_after_the_cancellation_goes_back() {
    let shop = Shop::open(&["--gateway-timeout", "4s"]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 2)]).await;
    let path = path_of(&order);
    let token = json!({"method": {"token": "tok_timeout_ok"}});
    let (client, payments) = (shop.client.clone(), format!("{path}/payments"));
    let paying =
        tokio::spawn(async move { client.post(&payments, Some("pay"), &token).await.unwrap().status });
    read_until(&shop, &path, |order| order["payment_status"] == "pending").await;
    let cancelled =
        shop.client.post(&format!("{path}/cancel"), Some("cancel"), &json!({"reason": "customer"})).await;
    assert_eq!(expect(200, &cancelled.unwrap())["status"], "CANCELLED");
    assert_eq!(shop.counters("A").await, (5, 0, 5));
    assert!(matches!(paying.await.unwrap(), 201 | 202));
    let order = read_until(&shop, &path, |order| order["refunds"][0]["status"] == "SUCCEEDED").await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("CANCELLED"), &json!("refunded")));
    assert_eq!((&order["paid_total"], &order["refunded_total"]), (&json!(1998), &json!(1998)));
    assert_eq!(order["balance_due"], 0);
    shop.assert_nothing_is_breached().await;
}

#[tokio::test]
async fn a_payment_in_progress_survives_a_kill() {
    let mut shop = Shop::open(&["--gateway-timeout", "4s"]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 1)]).await;
    let path = path_of(&order);
    let (client, payments) = (shop.client.clone(), format!("{path}/payments"));
    let token = json!({"method": {"token": "tok_timeout_ok"}});
    let paying = tokio::spawn(async move { client.post(&payments, Some("pay"), &token).await.is_ok() });
    read_until(&shop, &path, |order| order["payment_status"] == "pending").await;
    shop.server.kill();
    let _ = paying.await.unwrap();
    shop.restart().await;
    let order = read_until(&shop, &path, |order| order["payment_status"] == "paid").await;
    assert_eq!(order["payments"].as_array().unwrap().len(), 1);
    shop.assert_nothing_is_breached().await;
}

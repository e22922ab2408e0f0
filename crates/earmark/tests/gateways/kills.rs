//! Do both sides agree after faults of all kinds by chance, while either side is killed?

use std::time::Duration;

use serde_json::json;

use crate::processes::{Gateway, Protocol, Shop, assert_both_sides_agree};

const ORDERS: u32 = 40;

/// Places and pays orders at a 30% chance of a fault in every call; a payment may find the server
/// gone, and is then paid again under the same key.
async fn through_kills(protocol: Protocol) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--fault-rate", "0.3", "--seed", "7", "--delay", "300ms"];
    let mut gateway = Gateway::start(folder.path(), &arguments);
    let mut shop = Shop::open(folder.path(), &gateway, protocol).await;
    let mut orders = Vec::new();
    for number in 0..ORDERS {
        let order = shop.order(&format!("order-{number}"), 2).await;
        let (client, path) = (shop.client.clone(), format!("{order}/payments"));
        let key = format!("pay-{number}");
        tokio::spawn(async move {
            let _ = client.post(&path, Some(&key), &json!({"method": {"token": "tok_ok"}})).await;
        });
        if number % 3 == 0 {
            // Whole, while its payment is on its way or not even begun.
            shop.cancel(&order, &format!("cancel-{number}"), None).await;
        } else if number % 3 == 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            shop.cancel(&order, &format!("cancel-{number}"), Some(1)).await;
        }
        orders.push(order);
        if number % 10 == 5 {
            shop.server.kill();
            shop.restart().await;
        }
        if number % 20 == 12 {
            gateway.restart(folder.path(), &arguments);
        }
    }
    gateway.set_faults(&json!({"rate": "0"})).await;
    let (taken, returned) = assert_both_sides_agree(&shop, &gateway, &orders).await;
    assert!(taken > 0 && returned > 0, "{taken} {returned}");
}

#[tokio::test]
async fn a_signed_gateway_and_the_server_agree_after_kills_of_either() {
    through_kills(Protocol::Signed).await;
}

#[tokio::test]
async fn stripe_and_the_server_agree_after_kills_of_either() {
    through_kills(Protocol::Stripe).await;
}

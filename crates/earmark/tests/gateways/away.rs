//! What happens while the gateway is away? Orders are taken, payments wait, it is hardly called,
//! and all is settled when it is back.

use std::time::Duration;

use serde_json::json;

use crate::processes::{Gateway, PROTOCOLS, Shop, assert_both_sides_agree, expect};

const ORDERS: u32 = 30;

#[tokio::test]
async fn payments_wait_for_a_gateway_that_is_away_and_are_settled_when_it_is_back() {
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().unwrap();
        let mut gateway = Gateway::start(folder.path(), &[]);
        let shop = Shop::open(folder.path(), &gateway, protocol).await;
        gateway.kill();
        let mut orders = Vec::new();
        let mut paying = tokio::task::JoinSet::new();
        for number in 0..ORDERS {
            let order = shop.order(&format!("order-{number}"), 1).await;
            let (client, path) = (shop.client.clone(), format!("{order}/payments"));
            paying.spawn(async move {
                let body = json!({"method": {"token": "tok_ok"}});
                client.post(&path, Some(&format!("pay-{number}")), &body).await.unwrap()
            });
            orders.push(order);
        }
        while let Some(answer) = paying.join_next().await {
            assert_eq!(expect(&[202], &answer.unwrap())["status"], "PENDING");
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let metrics = shop.client.get("/metrics").await.unwrap();
        let metrics = String::from_utf8(metrics.body).unwrap();
        let unknown: u32 = metrics
            .lines()
            .filter(|line| line.starts_with("earmark_gateway_calls_total") && line.contains("unknown"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok())
            .sum();
        assert!(
            (1..=ORDERS).contains(&unknown),
            "a gateway that is away was called {unknown} times:\n{metrics}"
        );
        gateway.restart(folder.path(), &[]);
        let (taken, _) = assert_both_sides_agree(&shop, &gateway, &orders).await;
        assert_eq!(taken, i64::from(ORDERS) * 999);
        // One charge each, and a look-up before those that may have been sent before.
        let calls = gateway.calls().await;
        assert!((u64::from(ORDERS)..=2 * u64::from(ORDERS)).contains(&calls), "{calls}");
    }
}

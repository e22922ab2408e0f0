//! Do both sides agree after each fault alone? At the charge and at the refund, before and after
//! the effect.

use serde_json::json;

use crate::processes::{Gateway, PROTOCOLS, Protocol, Shop, assert_both_sides_agree};

const FAULTS: [&str; 12] = [
    "decline",
    "delay",
    "silent_before",
    "silent_after",
    "error_before",
    "error_after",
    "reset_before",
    "reset_after",
    "garbage",
    "wrong_amount",
    "webhook_twice",
    "webhook_late",
];

async fn every_fault(protocol: Protocol) {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &["--delay", "1500ms"]);
    let shop = Shop::open(folder.path(), &gateway, protocol).await;
    let mut orders = Vec::new();
    for fault in FAULTS {
        for token in [format!("tok_fault_{fault}"), format!("tok_refund_fault_{fault}")] {
            let order = shop.order(&token, 2).await;
            shop.pay(&order, &format!("pay-{token}"), &token).await;
            orders.push((token, order));
        }
    }
    for (token, order) in &orders {
        let paid = shop.settled(order).await;
        let declined = token == "tok_fault_decline";
        let expected = if declined { "DECLINED" } else { "SUCCEEDED" };
        assert_eq!(paid["payments"][0]["status"], expected, "{protocol:?} {token}: {paid}");
        if !declined {
            // One unit goes back, then the other.
            shop.cancel(order, &format!("one-{token}"), Some(1)).await;
            shop.cancel(order, &format!("all-{token}"), None).await;
        }
    }
    for (token, order) in &orders {
        let order = shop.settled(order).await;
        let failed =
            order["refunds"].as_array().unwrap().iter().filter(|refund| refund["status"] == "FAILED");
        assert_eq!(
            failed.count(),
            if token == "tok_refund_fault_decline" { 2 } else { 0 },
            "{protocol:?} {token}: {order}"
        );
    }
    let paths: Vec<_> = orders.into_iter().map(|(_, order)| order).collect();
    let (taken, returned) = assert_both_sides_agree(&shop, &gateway, &paths).await;
    // All but the declined one, two units each; and all but the one whose refunds were declined
    // went back.
    assert_eq!((taken, returned), (23 * 1_998, 22 * 1_998));
}

#[tokio::test]
async fn every_fault_of_a_signed_gateway_leaves_both_sides_in_agreement() {
    every_fault(Protocol::Signed).await;
}

#[tokio::test]
async fn every_fault_of_stripe_leaves_both_sides_in_agreement() {
    every_fault(Protocol::Stripe).await;
}

#[tokio::test]
async fn the_tokens_of_the_contract_mean_the_same_at_the_server() {
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(folder.path(), &[]);
        let shop = Shop::open(folder.path(), &gateway, protocol).await;
        let mut orders = Vec::new();
        for (token, status, code) in [
            ("tok_ok", "SUCCEEDED", None),
            ("tok_declined", "DECLINED", Some("insufficient_funds")),
            ("tok_timeout_ok", "SUCCEEDED", None),
            ("tok_timeout_declined", "DECLINED", Some("insufficient_funds")),
            ("tok_error", "SUCCEEDED", None),
            ("tok_anything", "DECLINED", Some("invalid_token")),
        ] {
            let order = shop.order(token, 1).await;
            shop.pay(&order, &format!("pay-{token}"), token).await;
            let payment = &shop.settled(&order).await["payments"][0];
            assert_eq!(
                (&payment["status"], &payment["decline_code"]),
                (&json!(status), &json!(code)),
                "{token}"
            );
            orders.push(order);
        }
        assert_both_sides_agree(&shop, &gateway, &orders).await;
    }
}

#[tokio::test]
async fn a_search_that_lags_behind_leads_to_no_second_charge() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &["--search-lag", "4s"]);
    let shop = Shop::open(folder.path(), &gateway, Protocol::Stripe).await;
    let mut orders = Vec::new();
    for token in ["tok_fault_reset_after", "tok_fault_error_after", "tok_fault_garbage", "tok_timeout_ok"] {
        let order = shop.order(token, 1).await;
        shop.pay(&order, &format!("pay-{token}"), token).await;
        orders.push(order);
    }
    let (taken, _) = assert_both_sides_agree(&shop, &gateway, &orders).await;
    assert_eq!(taken, 4 * 999);
}

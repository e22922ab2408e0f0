//! Does `earmark reconcile` find nothing where both sides agree, and each difference where they do
//! not? And does a notification hasten a payment?

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use crate::processes::{
    Gateway, PROTOCOLS, Protocol, SECRET, STRIPE_KEY, Shop, assert_both_sides_agree, expect,
};

/// A time range that holds all of a test, whatever the clock says.
const ALWAYS: [&str; 4] = ["--from", "2020-01-01", "--to", "2100-01-01T00:00:00Z"];

fn reconcile(shop: &Shop, gateway: &Gateway, protocol: Protocol) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.args(["reconcile", "--json", "--key", shop.server.admin_key()]).args(ALWAYS);
    command.args(["--server", &format!("http://{}", shop.server.address())]);
    let url = gateway.url();
    match protocol {
        Protocol::Signed => {
            command.args(["--gateway", &format!("http:{url}")]).env("EARMARK_GATEWAY_SECRET", SECRET)
        }
        Protocol::Stripe => command
            .args(["--gateway", "stripe", "--gateway-url", &format!("{url}/stripe")])
            .env("EARMARK_GATEWAY_SECRET", STRIPE_KEY),
    };
    command.output().unwrap()
}

fn report(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reconciliation_finds_what_differs_and_why() {
    for protocol in PROTOCOLS {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let gateway = Gateway::start(theirs.path(), &[]);
        let shop = Shop::open(ours.path(), &gateway, protocol).await;
        let mut orders = Vec::new();
        for number in 0..6 {
            let order = shop.order(&format!("order-{number}"), 2).await;
            shop.pay(&order, &format!("pay-{number}"), if number == 5 { "tok_declined" } else { "tok_ok" })
                .await;
            orders.push(order);
        }
        shop.cancel(&orders[0], "cancel-0", Some(1)).await;
        let body = json!({"amount": 500, "reason": "customer"});
        let refund =
            shop.client.post(&format!("{}/refunds", orders[1]), Some("refund-1"), &body).await.unwrap();
        expect(&[201], &refund);
        let (taken, returned) = assert_both_sides_agree(&shop, &gateway, &orders).await;
        assert_eq!((taken, returned), (5 * 2 * 999, 999 + 500), "{protocol:?}");
        let agreed = reconcile(&shop, &gateway, protocol);
        assert!(agreed.status.success(), "{protocol:?}: {}", report(&agreed));
        assert_eq!(report(&agreed)["differences"], json!([]), "{protocol:?}");
        assert_eq!(report(&agreed)["ours"], 8, "{protocol:?}: six payments, two refunds");

        // An empty ledger stands in for a gateway that lost, or never did, what the server has.
        let empty = tempfile::tempdir().unwrap();
        let forgetful = Gateway::start(empty.path(), &[]);
        let differing = reconcile(&shop, &forgetful, protocol);
        assert_eq!(differing.status.code(), Some(1), "{protocol:?}");
        let found = report(&differing);
        let causes: Vec<_> =
            found["differences"].as_array().unwrap().iter().map(|row| &row["cause"]).collect();
        assert_eq!(causes, vec![&json!("unknown_to_gateway"); 7], "{protocol:?}: {found}");

        // And an empty server, for money of which it has no row.
        let other = tempfile::tempdir().unwrap();
        let stranger = Shop::open(other.path(), &gateway, protocol).await;
        let differing = report(&reconcile(&stranger, &gateway, protocol));
        let causes: Vec<_> =
            differing["differences"].as_array().unwrap().iter().map(|row| &row["cause"]).collect();
        assert_eq!(causes, vec![&json!("unknown_to_us"); 7], "{protocol:?}: {differing}");
    }
}

#[test]
fn a_time_range_that_makes_no_sense_is_wrong_usage() {
    for (from, to) in [("yesterday", "2026-01-02"), ("2026-01-02", "2026-01-01"), ("2026-01-01", "")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
        command.args(["reconcile", "--key", "k", "--gateway", "http:http://127.0.0.1:1"]);
        command.args(["--from", from, "--to", to]).env("EARMARK_GATEWAY_SECRET", SECRET);
        assert_eq!(command.output().unwrap().status.code(), Some(2), "{from} {to}");
    }
}

/// A payment whose first answer got lost is looked up a second or more later, unless the gateway
/// sends a notification.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_of_the_gateway_hastens_its_payment() {
    for protocol in PROTOCOLS {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // The shop's address must be known to the gateway before the shop has one, so the gateway
        // is started again with it.
        let mut gateway = Gateway::start(theirs.path(), &[]);
        let shop = Shop::open_listening(ours.path(), &gateway, protocol).await;
        let name = if protocol == Protocol::Signed { "http" } else { "stripe" };
        let hook = format!("http://{}/v1/gateways/{name}/webhook", shop.server.address());
        gateway.restart(theirs.path(), &["--webhook-url", &hook]);
        let order = shop.order("order", 1).await;
        shop.pay(&order, "pay", "tok_ok").await;
        let heard = async {
            loop {
                let metrics = shop.client.get("/metrics").await.unwrap();
                let text = String::from_utf8_lossy(&metrics.body).into_owned();
                let told = text.lines().any(|line| line.contains("/webhook") && line.contains("2xx"));
                if told {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), heard).await.expect("the hint was taken");
        assert_both_sides_agree(&shop, &gateway, &[order]).await;
    }
}

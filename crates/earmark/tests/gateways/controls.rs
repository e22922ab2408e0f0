//! Would the comparison see a mistake? With each fault that is put in on purpose, both sides must
//! differ.

use serde_json::json;

use crate::processes::{Gateway, PROTOCOLS, Shop, compare_sides};

#[tokio::test]
async fn a_new_key_on_each_retry_and_silence_taken_for_failure_are_both_caught() {
    for protocol in PROTOCOLS {
        for mistake in ["new_gateway_key", "silence_is_failure"] {
            let folder = tempfile::tempdir().unwrap();
            let gateway = Gateway::start(folder.path(), &[]);
            let shop = Shop::open_with(folder.path(), &gateway, protocol, Some(mistake)).await;
            let order = shop.order("order", 1).await;
            gateway.set_faults(&json!({"script": ["silent_after"]})).await;
            shop.pay(&order, "pay", "tok_ok").await;
            let compared = compare_sides(&shop, &gateway, &[order]).await;
            assert!(compared.is_err(), "{protocol:?} {mistake} went unseen");
        }
    }
}

//! Is nothing oversold? Sixty-four clients buy until nothing is left: five hundred units of one
//! item, and ten items with one to five units, in ten runs.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shop::Shop;
use tokio::task::JoinSet;

const RUNS: usize = 10;
const CLIENTS: usize = 64;
const BIG: u32 = 500;

fn small_stock(number: usize) -> u32 {
    u32::try_from(number % 5).unwrap() + 1
}

/// Buys until refused; gives units bought per SKU.
async fn buy(client: earmark_load::Client, run: usize, buyer: usize) -> BTreeMap<String, u64> {
    let mut bought = BTreeMap::new();
    let mut wishes: Vec<String> = (0..10).map(|number| format!("SMALL-{run}-{number}")).collect();
    wishes.rotate_left(buyer % 10);
    wishes.push(format!("BIG-{run}"));
    for sku in wishes {
        for attempt in 0.. {
            let quantity = 1 + (attempt + buyer) % 2;
            let quantity = if sku.starts_with("BIG") { quantity } else { 1 };
            let body = json!({"lines": [{"sku": sku, "quantity": quantity}]});
            let key = format!("{run}-{buyer}-{sku}-{attempt}");
            let answer = client.post("/v1/orders", Some(&key), &body).await.unwrap();
            let answered: Value = answer.json().unwrap();
            match answer.status {
                201 => *bought.entry(sku.clone()).or_insert(0) += quantity as u64,
                409 if answered["code"] == "insufficient_stock" => {
                    // Two may be too many where one is left.
                    if quantity == 1 || answered["shortages"][0]["available"] == 0 {
                        break;
                    }
                }
                status => panic!("{status}: {answered}"),
            }
        }
    }
    bought
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sold_is_what_there_was() {
    let shop = Shop::open(&[]).await;
    for run in 0..RUNS {
        shop.stock(&format!("BIG-{run}"), BIG).await;
        for number in 0..10 {
            shop.stock(&format!("SMALL-{run}-{number}"), small_stock(number)).await;
        }
        let mut buyers = JoinSet::new();
        for buyer in 0..CLIENTS {
            buyers.spawn(buy(shop.client.clone(), run, buyer));
        }
        let mut sold: BTreeMap<String, u64> = BTreeMap::new();
        while let Some(bought) = buyers.join_next().await {
            for (sku, units) in bought.unwrap() {
                *sold.entry(sku).or_insert(0) += units;
            }
        }
        for number in 0..10 {
            let (sku, stock) = (format!("SMALL-{run}-{number}"), u64::from(small_stock(number)));
            assert_eq!(sold[&sku], stock, "run {run}, {sku}");
            assert_eq!(shop.counters(&sku).await, (stock, stock, 0));
        }
        let sku = format!("BIG-{run}");
        assert_eq!(sold[&sku], u64::from(BIG), "run {run}, {sku}");
        assert_eq!(shop.counters(&sku).await, (500, 500, 0));
    }
    shop.assert_nothing_is_breached().await;
}

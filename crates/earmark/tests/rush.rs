//! Does a rush end well? Two hundred buyers want fifty units, and exactly fifty get one; the others
//! are refused.

mod shop;

use serde_json::{Value, json};
use shop::{Shop, expect};
use tokio::task::JoinSet;

const BUYERS: usize = 200;
const STOCK: u32 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_units_are_sold_to_two_hundred_buyers_exactly_once_each() {
    let shop = Shop::open(&[]).await;
    shop.stock("HOT", STOCK).await;
    let mut carts = Vec::with_capacity(BUYERS);
    for buyer in 0..BUYERS {
        let body = json!({"customer_id": format!("buyer-{buyer}")});
        let cart = expect(201, &shop.client.post("/v1/carts", None, &body).await.unwrap());
        let id = cart["id"].as_str().unwrap().to_owned();
        let line = json!({"sku": "HOT", "quantity": 1});
        expect(200, &shop.client.post(&format!("/v1/carts/{id}/lines"), None, &line).await.unwrap());
        carts.push(id);
    }
    let mut rush = JoinSet::new();
    for cart in carts {
        let client = shop.client.clone();
        rush.spawn(async move {
            let body = json!({"cart_id": cart, "confirm": true});
            let placed = client.post("/v1/orders", Some(&format!("order-{cart}")), &body).await.unwrap();
            if placed.status != 201 {
                return (placed.status, placed.json().unwrap(), None);
            }
            let order: Value = placed.json().unwrap();
            let path = format!("/v1/orders/{}/payments", order["id"].as_str().unwrap());
            let paid = client
                .post(&path, Some(&format!("pay-{cart}")), &json!({"method": {"token": "tok_ok"}}))
                .await;
            (201, order, Some(expect(201, &paid.unwrap())))
        });
    }
    let (mut paid, mut refused) = (0, 0);
    while let Some(buyer) = rush.join_next().await {
        match buyer.unwrap() {
            (201, _, Some(payment)) => {
                assert_eq!(payment["status"], "SUCCEEDED");
                paid += 1;
            }
            (409, problem, None) => {
                assert_eq!(problem["code"], "insufficient_stock", "{problem}");
                assert_eq!(problem["shortages"], json!([{"sku": "HOT", "requested": 1, "available": 0}]));
                refused += 1;
            }
            (status, body, _) => panic!("{status}: {body}"),
        }
    }
    assert_eq!((paid, refused), (STOCK, 150));
    assert_eq!(shop.counters("HOT").await, (50, 50, 0));
    let orders = shop.read("/v1/orders?status=PAID&limit=200").await;
    assert_eq!(orders["data"].as_array().unwrap().len(), 50);
    shop.assert_nothing_is_breached().await;
}

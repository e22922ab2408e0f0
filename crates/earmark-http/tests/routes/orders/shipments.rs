//! `POST /v1/orders/{id}/shipments` and the delivery of one.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Shop, succeeded, unique};

#[tokio::test]
async fn an_order_ships_in_parts_and_arrives() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let order = shop.order("a", 3, "ada").await;
    let path = format!("/v1/orders/{order}/shipments");
    assert_snapshot!("unpaid", shop.operator("POST", &path).key(&unique()).send().await.shown());
    shop.pay(&order, succeeded()).await;
    let part = json!({
        "lines": [{ "sku": "a", "quantity": 1 }], "carrier": "Post", "tracking_number": "RR 1",
        "tracking_url": "https://post.example/RR1",
    });
    let first = shop.operator("POST", &path).key(&unique()).json(&part).send().await;
    assert_snapshot!("shipped", first.shown());
    let item = shop.request("GET", "/v1/items/a").send().await.json();
    assert_eq!((&item["on_hand"], &item["reserved"]), (&json!(4), &json!(2)));
    let rest = shop.operator("POST", &path).key(&unique()).send().await;
    assert_eq!(rest.json()["lines"], json!([{ "sku": "a", "quantity": 2 }]));

    let arrived = shop.operator("POST", &format!("{path}/{}/deliver", first.id())).send().await;
    assert_snapshot!("delivered", arrived.shown());
    let again = shop.operator("POST", &format!("{path}/{}/deliver", first.id())).send().await;
    assert_eq!(again.body, arrived.body);
    let status = shop.operator("GET", &format!("/v1/orders/{order}")).send().await.json();
    assert_eq!((&status["status"], &status["fulfillment_status"]), (&json!("SHIPPED"), &json!("fulfilled")));
    shop.operator("POST", &format!("{path}/{}/deliver", rest.id())).send().await;
    let status = shop.operator("GET", &format!("/v1/orders/{order}")).send().await.json();
    assert_eq!(status["status"], "DELIVERED");
}

#[tokio::test]
async fn what_is_not_there_does_not_ship_or_arrive() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let other = "shp_00000000000000000000000001";
    assert_eq!(
        shop.operator("POST", &format!("/v1/orders/{order}/shipments/{other}/deliver")).send().await.status,
        404
    );
    assert_eq!(
        shop.operator("POST", &format!("/v1/orders/{order}/shipments/x/deliver")).send().await.status,
        404
    );
    let none = "/v1/orders/ord_00000000000000000000000001/shipments";
    assert_eq!(shop.operator("POST", none).key(&unique()).send().await.status, 404);
    let wrong = json!({ "carrier": "", "tracking_url": "post", "lines": [{ "sku": "a", "quantity": 0 }] });
    let got = shop
        .operator("POST", &format!("/v1/orders/{order}/shipments"))
        .key(&unique())
        .json(&wrong)
        .send()
        .await;
    assert_eq!((got.status, got.json()["errors"].as_array().unwrap().len()), (400, 3));
}

//! Does a stop finish the requests that are in flight?

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Response, Shop, succeeded, unique};

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_takes_nothing_new() {
    let shop = Shop::open().await;
    shop.stock("a", 100, 5).await;
    let order = shop.order("a", 1, "ada").await;
    let body = json!({ "method": { "token": "tok_ok" } });
    let request = shop.operator("POST", &format!("/v1/orders/{order}/payments")).key(&unique()).json(&body);
    let paying = tokio::spawn(request.send());
    let mut idle = TcpStream::connect(shop.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: shop\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();

    let payment = shop.pending_payment(&order).await;
    let (address, store) = (shop.address, shop.store.clone());
    let closing = tokio::spawn(shop.close());
    // The listener is gone once the idle connection is closed.
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!paying.is_finished(), "the payment still waits for its gateway");

    settle(&store, &order, payment).await;
    let got: Response = paying.await.unwrap();
    assert_eq!(got.status, 201);
    closing.await.unwrap();
}

async fn settle(store: &earmark_store::Store, order: &str, payment_id: earmark_core::ids::PaymentId) {
    use earmark_core::payments::settle::SettlePayment;
    use earmark_core::{Action, Caller, Command};
    let refund_id = earmark_core::ids::RefundId(payment_id.0);
    let settle =
        SettlePayment { order_id: order.parse().unwrap(), payment_id, result: succeeded(), refund_id };
    let command = Command::new(Caller::SYSTEM, Action::SettlePayment(settle));
    store.submit(command).await.unwrap().unwrap();
}

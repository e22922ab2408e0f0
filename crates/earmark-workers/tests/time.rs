//! What workers do as time passes: reservations end, carts and idempotency keys are deleted, and
//! nothing happens early.

mod shop;

use earmark_core::idempotency::IdempotencyKey;
use earmark_core::orders::{CancelReason, OrderStatus};
use earmark_core::{Action, Span};
use earmark_workers::{CartCleanup, Expiry, KeyCleanup, Worker};
use shop::{STOCK, Shop};

#[tokio::test]
async fn an_expired_reservation_returns_its_stock() {
    let shop = Shop::open().await;
    let worker = Expiry { store: shop.store.clone() };
    let order = shop.confirmed_order(4).await;
    shop.advance_seconds(1_799);
    assert_eq!(worker.run_once().await.unwrap(), 0);
    assert_eq!(shop.available().await, STOCK - 4, "not early");
    shop.advance_seconds(1);
    assert_eq!(worker.run_once().await.unwrap(), 1);
    assert_eq!(worker.run_once().await.unwrap(), 0);
    let order = shop.order(order).await;
    assert_eq!(
        (order.status(), order.cancellations[0].reason),
        (OrderStatus::Cancelled, CancelReason::Expired)
    );
    assert_eq!(shop.available().await, STOCK);
    shop.assert_data_is_consistent().await;
}

#[tokio::test]
async fn a_payment_in_progress_pins_the_reservation() {
    let shop = Shop::open().await;
    let worker = Expiry { store: shop.store.clone() };
    let order = shop.confirmed_order(4).await;
    shop.pay(order, "tok_ok").await;
    shop.advance_seconds(100_000);
    assert_eq!(worker.run_once().await.unwrap(), 0);
    assert_eq!(shop.order(order).await.status(), OrderStatus::Confirmed);
}

#[tokio::test]
async fn two_expiry_workers_at_once_release_the_stock_once() {
    let shop = Shop::open().await;
    for _ in 0..5 {
        shop.confirmed_order(2).await;
    }
    shop.advance_seconds(1_800);
    let (one, other) = (Expiry { store: shop.store.clone() }, Expiry { store: shop.store.clone() });
    let (one, other) = tokio::join!(one.run_once(), other.run_once());
    assert!(one.unwrap() + other.unwrap() >= 5);
    assert_eq!(shop.available().await, STOCK);
    shop.assert_data_is_consistent().await;
}

#[tokio::test]
async fn an_expired_cart_is_deleted_and_a_younger_one_stays() {
    let shop = Shop::open().await;
    let worker = CartCleanup { store: shop.store.clone() };
    let old = shop.cart(Span::from_seconds(100)).await;
    shop.advance_seconds(50);
    let young = shop.cart(Span::from_seconds(100)).await;
    shop.advance_seconds(50);
    assert_eq!(worker.run_once().await.unwrap(), 1);
    assert!(shop.store.queries().find_cart(old).await.unwrap().is_none());
    assert!(shop.store.queries().find_cart(young).await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_is_deleted_after_its_time_and_not_before() {
    let shop = Shop::open().await;
    let kept = Span::from_seconds(72 * 3_600);
    let worker = KeyCleanup { store: shop.store.clone(), kept };
    let key = IdempotencyKey { digest: [7; 16], fingerprint: [1; 16] };
    let create = earmark_core::carts::create::CreateCart {
        id: earmark_core::ids::CartId(1),
        customer_id: None,
        metadata: earmark_core::text::Metadata::default(),
        ttl: kept,
    };
    shop.submit_under(Action::CreateCart(create), Some(key)).await;
    let keys_left = || async {
        let far = earmark_core::Timestamp(i64::MAX);
        shop.store.queries().sweep_idempotency_keys(None, far, 10).await.unwrap().expired.len()
    };
    shop.advance_seconds(72 * 3_600 - 1);
    worker.run_once().await.unwrap();
    assert_eq!(keys_left().await, 1);
    shop.advance_seconds(2);
    worker.run_once().await.unwrap();
    assert_eq!(keys_left().await, 0);
}

//! Do payments and refunds end right, whatever the gateway says and when? On the store in memory, with the sandbox and a scripted gateway.
#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::orders::OrderStatus;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::Name;
use earmark_workers::gateways::Sandbox;
use earmark_workers::{
    Charge, ChargeAnswer, PaymentGateway, Payments, RefundAnswer, RefundCall, Refunds, Worker,
};
use shop::Shop;

/// Short, so that silence ends soon; no test depends on how soon.
const TIMEOUT: Duration = Duration::from_millis(50);

/// Lets the worker start what is due, moving the clock on, until the payment is no longer pending.
async fn settle(shop: &Shop, worker: &Payments, order: earmark_core::ids::OrderId) -> PaymentStatus {
    for _ in 0..1_000 {
        worker.run_once().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let status = shop.order(order).await.payments.last().unwrap().status;
        if status != PaymentStatus::Pending {
            return status;
        }
        shop.advance_seconds(60);
    }
    panic!("the payment never settled");
}

#[tokio::test]
async fn every_sandbox_token_ends_as_it_says() {
    for (token, expected) in [
        ("tok_ok", PaymentStatus::Succeeded),
        ("tok_declined", PaymentStatus::Declined),
        ("tok_timeout_ok", PaymentStatus::Succeeded),
        ("tok_timeout_declined", PaymentStatus::Declined),
        ("tok_error", PaymentStatus::Succeeded),
        ("tok_anything", PaymentStatus::Declined),
    ] {
        let shop = Shop::open().await;
        let worker = Payments::new(shop.store.clone(), Arc::new(Sandbox::new()), TIMEOUT);
        let order = shop.confirmed_order(2).await;
        shop.pay(order, token).await;
        assert_eq!(settle(&shop, &worker, order).await, expected, "{token}");
        let paid = expected == PaymentStatus::Succeeded;
        let status = if paid { OrderStatus::Paid } else { OrderStatus::Confirmed };
        assert_eq!(shop.order(order).await.status(), status, "{token}");
        shop.assert_books_are_right().await;
    }
}

/// Charges whatever it is asked, answers nobody, and counts how often each id was charged.
#[derive(Default)]
struct Mute {
    charged: AtomicU32,
    asked: AtomicU32,
}

#[async_trait]
impl PaymentGateway for Mute {
    fn name(&self) -> Name {
        Name::parse("mute").unwrap()
    }

    async fn charge(&self, _charge: &Charge) -> ChargeAnswer {
        self.charged.fetch_add(1, Ordering::SeqCst);
        ChargeAnswer::Unknown { why: "hung up".into() }
    }

    async fn find_charge(&self, _id: PaymentId) -> ChargeAnswer {
        self.asked.fetch_add(1, Ordering::SeqCst);
        ChargeAnswer::Unknown { why: "hung up".into() }
    }

    async fn refund(&self, _refund: &RefundCall) -> RefundAnswer {
        RefundAnswer::Refused
    }

    async fn find_refund(&self, _id: RefundId) -> RefundAnswer {
        RefundAnswer::NotFound
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_for_and_never_sent_again() {
    let shop = Shop::open().await;
    let gateway = Arc::new(Mute::default());
    let worker = Payments::new(shop.store.clone(), Arc::clone(&gateway) as Arc<dyn PaymentGateway>, TIMEOUT);
    let order = shop.confirmed_order(1).await;
    shop.pay(order, "tok_ok").await;
    while gateway.asked.load(Ordering::SeqCst) < 3 {
        worker.run_once().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        shop.advance_seconds(120);
    }
    assert_eq!(gateway.charged.load(Ordering::SeqCst), 1);
    let order = shop.order(order).await;
    assert_eq!(order.payments[0].status, PaymentStatus::Pending);
    assert_eq!(order.expiry_due_at(), None, "a payment in progress pins the reservation");
}

#[tokio::test]
async fn cancelling_a_paid_order_gives_the_money_back() {
    let shop = Shop::open().await;
    let gateway: Arc<dyn PaymentGateway> = Arc::new(Sandbox::new());
    let payments = Payments::new(shop.store.clone(), Arc::clone(&gateway), TIMEOUT);
    let refunds = Refunds::new(shop.store.clone(), gateway, TIMEOUT);
    let order = shop.confirmed_order(3).await;
    shop.pay(order, "tok_ok").await;
    settle(&shop, &payments, order).await;
    shop.cancel(order, Some(1)).await;
    shop.cancel(order, None).await;
    while refunds.run_once().await.unwrap() > 0 {}
    let order = shop.order(order).await;
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert!(order.refunds.iter().all(|refund| refund.status == RefundStatus::Succeeded));
    assert_eq!(order.refunded_total(), order.paid_total());
    assert_eq!(order.balance_due().minor(), 0);
    shop.assert_books_are_right().await;
}

#[tokio::test]
async fn a_success_after_cancellation_is_refunded() {
    let shop = Shop::open().await;
    let gateway: Arc<dyn PaymentGateway> = Arc::new(Sandbox::new());
    let payments = Payments::new(shop.store.clone(), Arc::clone(&gateway), TIMEOUT);
    let refunds = Refunds::new(shop.store.clone(), gateway, TIMEOUT);
    let order = shop.confirmed_order(3).await;
    shop.pay(order, "tok_timeout_ok").await;
    payments.run_once().await.unwrap();
    shop.cancel(order, None).await;
    assert_eq!(settle(&shop, &payments, order).await, PaymentStatus::Succeeded);
    while refunds.run_once().await.unwrap() > 0 {}
    let order = shop.order(order).await;
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!((order.paid_total(), order.balance_due().minor()), (order.refunded_total(), 0));
    shop.assert_books_are_right().await;
}

#[tokio::test]
async fn a_refused_refund_is_failed_and_stays_owed() {
    let shop = Shop::open().await;
    let payments = Payments::new(shop.store.clone(), Arc::new(Sandbox::new()), TIMEOUT);
    let refunds = Refunds::new(shop.store.clone(), Arc::new(Mute::default()), TIMEOUT);
    let order = shop.confirmed_order(1).await;
    shop.pay(order, "tok_ok").await;
    settle(&shop, &payments, order).await;
    shop.cancel(order, None).await;
    while refunds.run_once().await.unwrap() > 0 {}
    let order = shop.order(order).await;
    assert_eq!(order.refunds[0].status, RefundStatus::Failed);
    assert_eq!(order.balance_due().minor(), -order.paid_total().minor());
}

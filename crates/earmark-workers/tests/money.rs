//! Do payments and refunds end right, whatever the gateway answers and when? On the store in
//! memory, with the sandbox and gateways made for a test.
#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use earmark_core::orders::OrderStatus;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::Name;
use earmark_core::{Currency, Money};
use earmark_workers::gateways::{Page, Said, Sandbox, Stretch};
use earmark_workers::{
    Charge, ChargeAnswer, Guard, PaymentGateway, Payments, RefundAnswer, RefundCall, Refunds, Share, Worker,
};
use shop::Shop;

/// Short, so that silence ends soon; no test depends on how soon.
const TIMEOUT: Duration = Duration::from_millis(50);

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn guard(gateway: impl PaymentGateway + 'static) -> Arc<Guard> {
    Guard::new(Arc::new(gateway), euro(), TIMEOUT)
}

fn payments(shop: &Shop, guard: &Arc<Guard>) -> Payments {
    Payments::new(shop.store.clone(), Arc::clone(guard), Share::All)
}

fn refunds(shop: &Shop, guard: &Arc<Guard>) -> Refunds {
    Refunds::new(shop.store.clone(), Arc::clone(guard), Share::All)
}

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
        let worker = payments(&shop, &guard(Sandbox::new()));
        let order = shop.confirmed_order(2).await;
        shop.pay(order, token).await;
        assert_eq!(settle(&shop, &worker, order).await, expected, "{token}");
        let paid = expected == PaymentStatus::Succeeded;
        let status = if paid { OrderStatus::Paid } else { OrderStatus::Confirmed };
        assert_eq!(shop.order(order).await.status(), status, "{token}");
        shop.assert_nothing_is_breached().await;
    }
}

/// Takes every charge, answers none, and counts how often it was called to charge and to look up.
#[derive(Clone, Default)]
struct Mute {
    charged: Arc<AtomicU32>,
    asked: Arc<AtomicU32>,
}

#[async_trait]
impl PaymentGateway for Mute {
    fn name(&self) -> Name {
        Name::parse("sandbox").unwrap()
    }

    async fn charge(&self, _charge: &Charge) -> ChargeAnswer {
        self.charged.fetch_add(1, Ordering::SeqCst);
        ChargeAnswer::Unknown { why: "hung up".into() }
    }

    async fn find_charge(&self, _charge: &Charge) -> ChargeAnswer {
        self.asked.fetch_add(1, Ordering::SeqCst);
        ChargeAnswer::Unknown { why: "hung up".into() }
    }

    async fn refund(&self, refund: &RefundCall) -> RefundAnswer {
        let code = Name::parse("no").unwrap();
        let said =
            Said { id: refund.id.to_string(), amount: refund.amount, currency: euro(), reference: None };
        RefundAnswer::Refused { code, said }
    }

    async fn find_refund(&self, _refund: &RefundCall) -> RefundAnswer {
        RefundAnswer::NotFound
    }

    async fn list(&self, _stretch: Stretch, _cursor: Option<&str>) -> Result<Page, String> {
        Err("hung up".into())
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_for_and_never_sent_again() {
    let shop = Shop::open().await;
    let gateway = Mute::default();
    let worker = payments(&shop, &guard(gateway.clone()));
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
async fn a_gateway_that_is_away_is_hardly_called_and_no_row_is_touched_without_a_call() {
    let shop = Shop::open().await;
    let gateway = Mute::default();
    let worker = payments(&shop, &guard(gateway.clone()));
    for _ in 0..10 {
        let order = shop.confirmed_order(1).await;
        shop.pay(order, "tok_ok").await;
    }
    let calls = || gateway.charged.load(Ordering::SeqCst) + gateway.asked.load(Ordering::SeqCst);
    let (mut looks, mut idle) = (0, 0);
    // All are called for at once, before it is known to be away; then a probe goes out now and
    // then, until there were three.
    while calls() < 13 {
        looks += 1;
        idle += i32::from(worker.run_once().await.unwrap() == 0);
        tokio::time::sleep(Duration::from_millis(10)).await;
        shop.advance_seconds(60);
    }
    assert!(idle > looks / 2, "{idle} of {looks} looks found that nothing may go out");
    let mut attempts = 0;
    for _ in 0..1_000 {
        attempts = shop.all_payments().await.iter().map(|payment| payment.attempts).sum();
        if attempts == calls() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(attempts, calls(), "a call that did not go out is not an attempt");
}

/// Takes a unit more than it was asked for, or says so.
struct Greedy;

#[async_trait]
impl PaymentGateway for Greedy {
    fn name(&self) -> Name {
        Name::parse("sandbox").unwrap()
    }

    async fn charge(&self, charge: &Charge) -> ChargeAnswer {
        let amount = charge.amount.plus(Money::parse(1).unwrap()).unwrap();
        ChargeAnswer::Captured(Said { id: charge.id.to_string(), amount, currency: euro(), reference: None })
    }

    async fn find_charge(&self, charge: &Charge) -> ChargeAnswer {
        self.charge(charge).await
    }

    async fn refund(&self, _refund: &RefundCall) -> RefundAnswer {
        RefundAnswer::NotFound
    }

    async fn find_refund(&self, _refund: &RefundCall) -> RefundAnswer {
        RefundAnswer::NotFound
    }

    async fn list(&self, _stretch: Stretch, _cursor: Option<&str>) -> Result<Page, String> {
        Ok(Page::default())
    }
}

#[tokio::test]
async fn a_success_over_another_amount_is_never_taken_for_one() {
    let shop = Shop::open().await;
    let guard = guard(Greedy);
    let worker = payments(&shop, &guard);
    let order = shop.confirmed_order(1).await;
    shop.pay(order, "tok_ok").await;
    while shop.order(order).await.payments[0].attempts < 5 {
        worker.run_once().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        shop.advance_seconds(120);
    }
    assert_eq!(shop.order(order).await.payments[0].status, PaymentStatus::Pending);
    let mut registry = prometheus_client::registry::Registry::default();
    guard.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("earmark_gateway_alerts_total 5"), "{text}");
}

#[tokio::test]
async fn a_payment_is_asked_for_at_its_own_gateway_and_at_no_other() {
    let shop = Shop::open().await;
    let order = shop.confirmed_order(1).await;
    shop.pay_at(order, "tok_ok", "another").await;
    let gateway = Mute::default();
    let worker = payments(&shop, &guard(gateway.clone()));
    while shop.order(order).await.payments[0].attempts < 3 {
        worker.run_once().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        shop.advance_seconds(120);
    }
    assert_eq!(gateway.charged.load(Ordering::SeqCst) + gateway.asked.load(Ordering::SeqCst), 0);
    assert_eq!(shop.order(order).await.payments[0].status, PaymentStatus::Pending);
}

#[tokio::test]
async fn a_payment_is_called_for_at_once_by_the_node_that_began_it() {
    let shop = Shop::open().await;
    let share = Share::one_of_many(Duration::from_secs(10));
    let mine = Payments::new(shop.store.clone(), guard(Sandbox::new()), share);
    let other = Payments::new(shop.other_node(), guard(Sandbox::new()), share);
    let order = shop.confirmed_order(1).await;
    shop.pay(order, "tok_ok").await;
    assert_eq!((mine.run_once().await.unwrap(), other.run_once().await.unwrap()), (0, 0));
    tokio::select! {
        () = other.woken() => panic!("the other node did not begin it"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    assert_eq!(shop.order(order).await.payments[0].status, PaymentStatus::Pending);
    let settled = async {
        while shop.order(order).await.payments[0].status == PaymentStatus::Pending {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = mine.woken() => panic!("it goes on waiting"),
        () = settled => {}
    }
    // A node that died leaves its payment to the others.
    let order = shop.confirmed_order(1).await;
    shop.pay(order, "tok_ok").await;
    shop.advance_seconds(15);
    assert_eq!(other.run_once().await.unwrap(), 1);
}

#[tokio::test]
async fn cancelling_a_paid_order_gives_the_money_back() {
    let shop = Shop::open().await;
    let guard = guard(Sandbox::new());
    let (payments, refunds) = (payments(&shop, &guard), refunds(&shop, &guard));
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
    shop.assert_nothing_is_breached().await;
}

#[tokio::test]
async fn a_success_after_cancellation_is_refunded() {
    let shop = Shop::open().await;
    let guard = guard(Sandbox::new());
    let (payments, refunds) = (payments(&shop, &guard), refunds(&shop, &guard));
    let order = shop.confirmed_order(3).await;
    shop.pay(order, "tok_timeout_ok").await;
    payments.run_once().await.unwrap();
    shop.cancel(order, None).await;
    assert_eq!(settle(&shop, &payments, order).await, PaymentStatus::Succeeded);
    while refunds.run_once().await.unwrap() > 0 {}
    let order = shop.order(order).await;
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!((order.paid_total(), order.balance_due().minor()), (order.refunded_total(), 0));
    shop.assert_nothing_is_breached().await;
}

#[tokio::test]
async fn a_refused_refund_is_failed_and_stays_owed() {
    let shop = Shop::open().await;
    let payments = payments(&shop, &guard(Sandbox::new()));
    let refunds = refunds(&shop, &guard(Mute::default()));
    let order = shop.confirmed_order(1).await;
    shop.pay(order, "tok_ok").await;
    settle(&shop, &payments, order).await;
    shop.cancel(order, None).await;
    while refunds.run_once().await.unwrap() > 0 {}
    let order = shop.order(order).await;
    assert_eq!(order.refunds[0].status, RefundStatus::Failed);
    assert_eq!(order.balance_due().minor(), -order.paid_total().minor());
}

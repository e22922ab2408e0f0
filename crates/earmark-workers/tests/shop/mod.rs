//! A small shop on the store in memory: one item, a clock that tests turn.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part of it")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use earmark_core::carts::create::CreateCart;
use earmark_core::ids::{AdjustmentId, CartId, OrderId, PaymentId, RefundId};
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{CancelReason, Order, Units};
use earmark_core::payments::Token;
use earmark_core::payments::start::StartPayment;
use earmark_core::text::{Metadata, Name, Sku};
use earmark_core::{Action, Caller, Command, Money, Outcome, Span, Timestamp};
use earmark_store::memory::MemoryStore;
use earmark_store::{Clock, Store, StoreOptions};

pub(crate) struct Shop {
    pub(crate) store: Store,
    rows: MemoryStore,
    clock: Clock,
}

pub(crate) const STOCK: u32 = 10;

pub(crate) fn sku() -> Sku {
    Sku::parse("MUG").unwrap()
}

fn id() -> u128 {
    uuid::Uuid::now_v7().as_u128()
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let clock = Clock::manual(Timestamp(1_790_000_000_000_000));
        let rows = MemoryStore::new();
        let options = StoreOptions { clock: clock.clone(), ..StoreOptions::default() };
        let (store, _ended) = Store::start(Box::new(rows.clone()), Arc::new(rows.clone()), options);
        let shop = Self { store, rows, clock };
        let name = Name::parse("Mug").unwrap();
        let (sku, unit_price) = (sku(), Money::parse(333).unwrap());
        let put = PutItem {
            sku,
            name,
            unit_price,
            description: None,
            active: None,
            image_url: None,
            metadata: None,
        };
        shop.submit(Action::PutItem(put)).await;
        let (change, reason) = (StockChange::By(STOCK.into()), AdjustmentReason::Received);
        shop.submit(Action::AdjustStock(AdjustStock {
            id: AdjustmentId(id()),
            sku: self::sku(),
            change,
            reason,
            note: None,
        }))
        .await;
        shop
    }

    /// The store of another node on the same rows.
    pub(crate) fn other_node(&self) -> Store {
        let options = StoreOptions { clock: self.clock.clone(), ..StoreOptions::default() };
        let (store, _ended) = Store::start(Box::new(self.rows.clone()), Arc::new(self.rows.clone()), options);
        store
    }

    pub(crate) async fn submit(&self, action: Action) -> Outcome {
        self.submit_under(action, None).await
    }

    pub(crate) async fn submit_under(
        &self,
        action: Action,
        idempotency: Option<earmark_core::idempotency::IdempotencyKey>,
    ) -> Outcome {
        let command = Command { idempotency, ..Command::new(Caller::OPERATOR, action) };
        self.store.submit(command).await.unwrap().unwrap().outcome
    }

    pub(crate) fn advance_seconds(&self, seconds: u32) {
        self.clock.set(self.clock.now().after(Span::from_seconds(seconds)));
    }

    pub(crate) async fn confirmed_order(&self, quantity: u32) -> OrderId {
        let lines = vec![Units { sku: sku(), quantity }];
        let place = PlaceOrder {
            id: OrderId(id()),
            source: Source::Lines { lines, customer_id: None },
            expected_total: None,
            confirm: Confirm::Now,
            reference: None,
            shipping_address: None,
            metadata: Metadata::default(),
            reservation_ttl: Span::from_seconds(1_800),
        };
        let order_id = place.id;
        self.submit(Action::PlaceOrder(place)).await;
        order_id
    }

    pub(crate) async fn pay(&self, order_id: OrderId, token: &str) {
        self.pay_at(order_id, token, "sandbox").await;
    }

    pub(crate) async fn all_payments(&self) -> Vec<earmark_core::payments::Payment> {
        let orders = self.store.queries().list_due_payments(Timestamp(i64::MAX), 1_000).await.unwrap();
        orders.into_iter().flat_map(|order| order.payments).collect()
    }

    pub(crate) async fn pay_at(&self, order_id: OrderId, token: &str, gateway: &str) {
        let (token, gateway) = (Token::parse(token).unwrap(), Name::parse(gateway).unwrap());
        let payment_id = PaymentId(id());
        self.submit(Action::StartPayment(StartPayment {
            order_id,
            payment_id,
            token,
            amount: None,
            gateway,
        }))
        .await;
    }

    pub(crate) async fn cancel(&self, order_id: OrderId, quantity: Option<u32>) {
        let lines = quantity.map(|quantity| vec![Units { sku: sku(), quantity }]);
        let (reason, refund_id) = (CancelReason::Customer, RefundId(id()));
        self.submit(Action::CancelOrder(CancelOrder { order_id, lines, reason, note: None, refund_id }))
            .await;
    }

    pub(crate) async fn cart(&self, ttl: Span) -> CartId {
        let cart_id = CartId(id());
        let create = CreateCart { id: cart_id, customer_id: None, metadata: Metadata::default(), ttl };
        self.submit(Action::CreateCart(create)).await;
        cart_id
    }

    pub(crate) async fn order(&self, id: OrderId) -> Order {
        self.store.queries().find_order(id).await.unwrap().unwrap()
    }

    pub(crate) async fn available(&self) -> u32 {
        self.store.queries().find_item(&sku()).await.unwrap().unwrap().stock.available()
    }

    pub(crate) async fn assert_nothing_is_breached(&self) {
        assert_eq!(self.store.queries().verify().await.unwrap().breaches, Vec::<String>::new());
    }
}

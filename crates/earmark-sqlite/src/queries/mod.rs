//! What is stored? The half that reads.
//!
//! Each call is one read transaction on a connection that can only read. So it sees one moment, and
//! everything that was acknowledged before it began.

mod carts;
mod events;
mod items;
mod keys;
mod money;
mod movements;
mod orders;
mod pool;
mod work;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId};
use earmark_core::text::Sku;
use earmark_core::{ApiKey, Movement, Order, Payment, PricedCart, Refund, StockedItem, Timestamp};
use earmark_store::{
    ItemFilter, KeySweep, MovementCursor, OrderFilter, Page, PaymentFilter, Queries, RecordedEvent,
    RefundFilter, StoreError, VerifyReport,
};

use crate::deferred::CustomerTail;
use crate::open_error::OpenError;
use crate::options::SqliteOptions;
use crate::{rows, verify};
use pool::Pool;

/// The half that reads.
#[derive(Debug)]
pub struct SqliteQueries {
    pool: Arc<Pool>,
    customers: Arc<CustomerTail>,
}

impl SqliteQueries {
    pub(crate) fn open(
        path: &Path,
        options: &SqliteOptions,
        customers: Arc<CustomerTail>,
    ) -> Result<Self, OpenError> {
        Ok(Self { pool: Pool::open(path, options)?, customers })
    }
}

type Found<T> = Result<T, StoreError>;

#[async_trait]
impl Queries for SqliteQueries {
    async fn ping(&self) -> Found<()> {
        self.pool.read(|snapshot| rows::events::last_sequence(snapshot.connection).map(drop)).await
    }

    async fn find_item(&self, sku: &Sku) -> Found<Option<StockedItem>> {
        let sku = sku.clone();
        self.pool.read(move |snapshot| rows::items::find(snapshot.connection, &sku)).await
    }

    async fn list_items(&self, filter: &ItemFilter, limit: usize) -> Found<Page<StockedItem>> {
        let filter = filter.clone();
        self.pool.read(move |snapshot| items::list(snapshot, &filter, limit)).await
    }

    async fn list_movements(
        &self,
        sku: &Sku,
        before: Option<MovementCursor>,
        limit: usize,
    ) -> Found<Page<Movement>> {
        let sku = sku.clone();
        self.pool.read(move |snapshot| movements::list(snapshot, &sku, before, limit)).await
    }

    async fn find_cart(&self, id: CartId) -> Found<Option<PricedCart>> {
        self.pool.read(move |snapshot| carts::find(snapshot, id)).await
    }

    async fn find_order(&self, id: OrderId) -> Found<Option<Order>> {
        self.pool.read(move |snapshot| rows::orders::find(snapshot.connection, id)).await
    }

    async fn find_order_of_payment(&self, id: PaymentId) -> Found<Option<Order>> {
        self.pool.read(move |snapshot| money::find_order(snapshot, &money::PAYMENTS, id.to_bytes())).await
    }

    async fn find_order_of_refund(&self, id: RefundId) -> Found<Option<Order>> {
        self.pool.read(move |snapshot| money::find_order(snapshot, &money::REFUNDS, id.to_bytes())).await
    }

    async fn list_payments(&self, filter: &PaymentFilter, limit: usize) -> Found<Page<(OrderId, Payment)>> {
        let filter = filter.clone();
        self.pool.read(move |snapshot| money::list(snapshot, &money::PAYMENTS, &filter, limit)).await
    }

    async fn list_refunds(&self, filter: &RefundFilter, limit: usize) -> Found<Page<(OrderId, Refund)>> {
        let filter = filter.clone();
        self.pool.read(move |snapshot| money::list(snapshot, &money::REFUNDS, &filter, limit)).await
    }

    async fn list_orders(&self, filter: &OrderFilter, limit: usize) -> Found<Page<Order>> {
        let (filter, customers) = (filter.clone(), Arc::clone(&self.customers));
        self.pool.read(move |snapshot| orders::list(snapshot, &customers, &filter, limit)).await
    }

    async fn list_events(
        &self,
        after: u64,
        types: Option<&[usize]>,
        limit: usize,
    ) -> Found<Page<RecordedEvent>> {
        let types = types.map(<[usize]>::to_vec);
        self.pool.read(move |snapshot| events::list(snapshot, after, types.as_deref(), limit)).await
    }

    async fn list_order_events(&self, id: OrderId, after: u64, limit: usize) -> Found<Page<RecordedEvent>> {
        self.pool.read(move |snapshot| events::list_of_order(snapshot, id, after, limit)).await
    }

    async fn find_api_key(&self, id: KeyId) -> Found<Option<ApiKey>> {
        self.pool.read(move |snapshot| rows::keys::find(snapshot.connection, id)).await
    }

    async fn list_api_keys(&self, after: Option<KeyId>, limit: usize) -> Found<Page<ApiKey>> {
        self.pool.read(move |snapshot| keys::list(snapshot, after, limit)).await
    }

    async fn list_due_reservations(&self, now: Timestamp, limit: usize) -> Found<Vec<OrderId>> {
        self.pool.read(move |snapshot| work::due_reservations(snapshot, now, limit)).await
    }

    async fn list_due_payments(&self, now: Timestamp, limit: usize) -> Found<Vec<Order>> {
        self.pool.read(move |snapshot| work::due_payments(snapshot, now, limit)).await
    }

    async fn list_due_refunds(&self, now: Timestamp, limit: usize) -> Found<Vec<Order>> {
        self.pool.read(move |snapshot| work::due_refunds(snapshot, now, limit)).await
    }

    async fn list_due_carts(&self, now: Timestamp, limit: usize) -> Found<Vec<CartId>> {
        self.pool.read(move |snapshot| work::due_carts(snapshot, now, limit)).await
    }

    async fn sweep_idempotency_keys(
        &self,
        after: Option<[u8; 16]>,
        made_before: Timestamp,
        limit: usize,
    ) -> Found<KeySweep> {
        self.pool.read(move |snapshot| work::sweep_keys(snapshot, after, made_before, limit)).await
    }

    async fn verify(&self) -> Found<VerifyReport> {
        let customers = Arc::clone(&self.customers);
        self.pool.read(move |snapshot| verify::verify(snapshot, &customers)).await
    }
}

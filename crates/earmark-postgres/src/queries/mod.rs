//! What is stored? The half that reads.
//!
//! Each call is one read-only transaction on the server that takes the writes. So it sees one
//! moment, and everything that any node had acknowledged before it began.

mod carts;
mod events;
mod items;
mod keys;
mod money;
mod movements;
mod orders;
mod pool;
mod work;

use async_trait::async_trait;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId};
use earmark_core::text::Sku;
use earmark_core::{ApiKey, Movement, Order, Payment, PricedCart, Refund, StockedItem, Timestamp};
use earmark_store::{
    ItemFilter, KeySweep, MovementCursor, OrderFilter, Page, PaymentFilter, Queries, RecordedEvent,
    RefundFilter, StoreError, VerifyReport,
};

use crate::codec::get;
use crate::database_url::DatabaseUrl;
use crate::error::{DatabaseError, Result};
use crate::open_error::OpenError;
use crate::session::Session;
use crate::{rows, verify};
use pool::Pool;

/// The half that reads.
pub struct PostgresQueries {
    pool: Pool,
}

impl PostgresQueries {
    pub(crate) fn new(url: &DatabaseUrl, readers: usize) -> Result<Self, OpenError> {
        Ok(Self { pool: Pool::new(url, readers)? })
    }
}

/// Whether the database answers and takes writes. A server may become read-only under open
/// connections.
async fn answers(session: &Session) -> Result<()> {
    rows::events::last_sequence(session).await?;
    let sql = "SELECT current_setting('default_transaction_read_only')";
    let found = rows::query(session, sql, &[]).await?;
    match found.first().map(|row| get::<&str>(row, 0)).transpose()? {
        Some("on") => Err(DatabaseError::Away("the database is read-only".to_owned())),
        _ => Ok(()),
    }
}

type Found<T> = Result<T, StoreError>;

#[async_trait]
impl Queries for PostgresQueries {
    async fn ping(&self) -> Found<()> {
        self.pool.read(|session| Box::pin(answers(session))).await
    }

    async fn find_item(&self, sku: &Sku) -> Found<Option<StockedItem>> {
        let sku = sku.clone();
        self.pool.read(|session| Box::pin(async move { rows::items::find_one(session, &sku).await })).await
    }

    async fn list_items(&self, filter: &ItemFilter, limit: usize) -> Found<Page<StockedItem>> {
        let filter = filter.clone();
        self.pool.read(|session| Box::pin(async move { items::list(session, &filter, limit).await })).await
    }

    async fn list_movements(
        &self,
        sku: &Sku,
        before: Option<MovementCursor>,
        limit: usize,
    ) -> Found<Page<Movement>> {
        let sku = sku.clone();
        self.pool
            .read(|session| Box::pin(async move { movements::list(session, &sku, before, limit).await }))
            .await
    }

    async fn find_cart(&self, id: CartId) -> Found<Option<PricedCart>> {
        self.pool.read(|session| Box::pin(carts::find(session, id))).await
    }

    async fn find_order(&self, id: OrderId) -> Found<Option<Order>> {
        self.pool.read(|session| Box::pin(rows::orders::find_one(session, id))).await
    }

    async fn find_order_of_payment(&self, id: PaymentId) -> Found<Option<Order>> {
        self.pool.read(|session| Box::pin(money::find_order(session, &money::PAYMENTS, id.0))).await
    }

    async fn find_order_of_refund(&self, id: RefundId) -> Found<Option<Order>> {
        self.pool.read(|session| Box::pin(money::find_order(session, &money::REFUNDS, id.0))).await
    }

    async fn list_payments(&self, filter: &PaymentFilter, limit: usize) -> Found<Page<(OrderId, Payment)>> {
        let filter = filter.clone();
        let payments = &money::PAYMENTS;
        self.pool
            .read(|session| Box::pin(async move { money::list(session, payments, &filter, limit).await }))
            .await
    }

    async fn list_refunds(&self, filter: &RefundFilter, limit: usize) -> Found<Page<(OrderId, Refund)>> {
        let filter = filter.clone();
        let refunds = &money::REFUNDS;
        self.pool
            .read(|session| Box::pin(async move { money::list(session, refunds, &filter, limit).await }))
            .await
    }

    async fn list_orders(&self, filter: &OrderFilter, limit: usize) -> Found<Page<Order>> {
        let filter = filter.clone();
        self.pool.read(|session| Box::pin(async move { orders::list(session, &filter, limit).await })).await
    }

    async fn list_events(
        &self,
        after: u64,
        types: Option<&[usize]>,
        limit: usize,
    ) -> Found<Page<RecordedEvent>> {
        let types = types.map(<[usize]>::to_vec);
        self.pool
            .read(|session| {
                Box::pin(async move { events::list(session, after, types.as_deref(), limit).await })
            })
            .await
    }

    async fn list_order_events(&self, id: OrderId, after: u64, limit: usize) -> Found<Page<RecordedEvent>> {
        self.pool.read(|session| Box::pin(events::list_of_order(session, id, after, limit))).await
    }

    async fn find_api_key(&self, id: KeyId) -> Found<Option<ApiKey>> {
        self.pool.read(|session| Box::pin(rows::keys::find_one(session, id))).await
    }

    async fn list_api_keys(&self, after: Option<KeyId>, limit: usize) -> Found<Page<ApiKey>> {
        self.pool.read(|session| Box::pin(keys::list(session, after, limit))).await
    }

    async fn list_due_reservations(&self, now: Timestamp, limit: usize) -> Found<Vec<OrderId>> {
        self.pool.read(|session| Box::pin(work::due_reservations(session, now, limit))).await
    }

    async fn list_due_payments(&self, now: Timestamp, limit: usize) -> Found<Vec<Order>> {
        self.pool.read(|session| Box::pin(work::due_payments(session, now, limit))).await
    }

    async fn list_due_refunds(&self, now: Timestamp, limit: usize) -> Found<Vec<Order>> {
        self.pool.read(|session| Box::pin(work::due_refunds(session, now, limit))).await
    }

    async fn list_due_carts(&self, now: Timestamp, limit: usize) -> Found<Vec<CartId>> {
        self.pool.read(|session| Box::pin(work::due_carts(session, now, limit))).await
    }

    async fn sweep_idempotency_keys(
        &self,
        after: Option<[u8; 16]>,
        made_before: Timestamp,
        limit: usize,
    ) -> Found<KeySweep> {
        self.pool.read(|session| Box::pin(work::sweep_keys(session, after, made_before, limit))).await
    }

    async fn verify(&self) -> Found<VerifyReport> {
        self.pool.read_long(|session| Box::pin(verify::verify(session))).await
    }
}

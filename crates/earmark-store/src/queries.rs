//! What stands in the books? The read side: every read sees all that was acknowledged before it began.

use async_trait::async_trait;
use earmark_core::Timestamp;
use earmark_core::carts::PricedCart;
use earmark_core::event::Event;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId};
use earmark_core::items::StockedItem;
use earmark_core::keys::ApiKey;
use earmark_core::movements::Movement;
use earmark_core::orders::{Order, OrderStatus};
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_core::text::{CustomerId, Reference, Sku};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Some rows of a list, and whether there are more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether more follow the last of them.
    pub more: bool,
}

impl<T> Page<T> {
    /// The first `limit` of these rows; one more of them says that there are more.
    pub fn of(mut rows: Vec<T>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, more }
    }
}

/// Which items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// Those whose SKU or name holds this text, letters compared without case (ASCII).
    pub search: Option<String>,
    /// Those with something available.
    pub in_stock: bool,
    /// Those that are sold, or those that are not.
    pub active: Option<bool>,
    /// Those after this one.
    pub after: Option<Sku>,
}

/// Which orders; all conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Of this customer.
    pub customer_id: Option<CustomerId>,
    /// In this state.
    pub status: Option<OrderStatus>,
    /// With a line of this item.
    pub sku: Option<Sku>,
    /// With this reference.
    pub reference: Option<Reference>,
    /// Placed later than this.
    pub created_after: Option<Timestamp>,
    /// Placed earlier than this.
    pub created_before: Option<Timestamp>,
    /// Older than this one, by id.
    pub before: Option<OrderId>,
}

/// Which payments; all conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// In this state.
    pub status: Option<PaymentStatus>,
    /// Begun later than this.
    pub created_after: Option<Timestamp>,
    /// Begun earlier than this.
    pub created_before: Option<Timestamp>,
    /// Older than this one, by id.
    pub before: Option<PaymentId>,
}

/// Which refunds; all conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundFilter {
    /// In this state.
    pub status: Option<RefundStatus>,
    /// Made later than this.
    pub created_after: Option<Timestamp>,
    /// Made earlier than this.
    pub created_before: Option<Timestamp>,
    /// Older than this one, by id.
    pub before: Option<RefundId>,
}

/// Where a list of movements goes on: below this event, with the counters right before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovementCursor {
    /// The event of the last movement seen.
    pub sequence: u64,
    /// Units on hand before it.
    pub on_hand: u32,
    /// Units reserved before it.
    pub reserved: u32,
}

/// An event; an `order.created` comes with its order as it was placed ([`Order::as_placed`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The event.
    pub event: Event,
    /// The order, for an `order.created`.
    pub placed: Option<Box<Order>>,
}

/// A stretch of the idempotency keys, in their own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySweep {
    /// Those in it that are old enough to forget.
    pub expired: Vec<[u8; 16]>,
    /// Where the next stretch begins; `None` at the end.
    pub next: Option<[u8; 16]>,
}

/// What a check of the books found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Items read.
    pub items: u64,
    /// Orders read.
    pub orders: u64,
    /// Events read.
    pub events: u64,
    /// What is wrong, in words; empty when the books are right.
    pub breaches: Vec<String>,
}

/// The read side of a store. A list gives at most `limit` rows.
#[async_trait]
pub trait Queries: Send + Sync {
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// An item.
    async fn find_item(&self, sku: &Sku) -> Result<Option<StockedItem>, StoreError>;
    /// Items, by SKU (bytewise).
    async fn list_items(&self, filter: &ItemFilter, limit: usize) -> Result<Page<StockedItem>, StoreError>;
    /// Changes of an item's counters, newest first; the first page (no cursor) starts from the counters as they are.
    async fn list_movements(
        &self,
        sku: &Sku,
        before: Option<MovementCursor>,
        limit: usize,
    ) -> Result<Page<Movement>, StoreError>;

    /// A cart with its items.
    async fn find_cart(&self, id: CartId) -> Result<Option<PricedCart>, StoreError>;

    /// An order.
    async fn find_order(&self, id: OrderId) -> Result<Option<Order>, StoreError>;
    /// The order that a payment belongs to.
    async fn find_order_of_payment(&self, id: PaymentId) -> Result<Option<Order>, StoreError>;
    /// The order that a refund belongs to.
    async fn find_order_of_refund(&self, id: RefundId) -> Result<Option<Order>, StoreError>;
    /// Payments with their orders, newest (highest id) first.
    async fn list_payments(
        &self,
        filter: &PaymentFilter,
        limit: usize,
    ) -> Result<Page<(OrderId, Payment)>, StoreError>;
    /// Refunds with their orders, newest (highest id) first.
    async fn list_refunds(
        &self,
        filter: &RefundFilter,
        limit: usize,
    ) -> Result<Page<(OrderId, Refund)>, StoreError>;
    /// Orders, newest (highest id) first.
    async fn list_orders(&self, filter: &OrderFilter, limit: usize) -> Result<Page<Order>, StoreError>;

    /// Events after this number, oldest first; of the types whose places in [`earmark_core::Fact::TYPES`] are given, or of all.
    async fn list_events(
        &self,
        after: u64,
        types: Option<&[usize]>,
        limit: usize,
    ) -> Result<Page<RecordedEvent>, StoreError>;
    /// Events of one order after this number, oldest first.
    async fn list_order_events(
        &self,
        id: OrderId,
        after: u64,
        limit: usize,
    ) -> Result<Page<RecordedEvent>, StoreError>;

    /// An API key, revoked or not.
    async fn find_api_key(&self, id: KeyId) -> Result<Option<ApiKey>, StoreError>;
    /// API keys after this one, by id.
    async fn list_api_keys(&self, after: Option<KeyId>, limit: usize) -> Result<Page<ApiKey>, StoreError>;

    /// Orders whose [`Order::expiry_due_at`] has come, the longest due first.
    async fn list_due_reservations(&self, now: Timestamp, limit: usize) -> Result<Vec<OrderId>, StoreError>;
    /// Orders with a PENDING payment whose `next_attempt_at` has come, the longest due first.
    async fn list_due_payments(&self, now: Timestamp, limit: usize) -> Result<Vec<Order>, StoreError>;
    /// Orders with a PENDING refund whose `next_attempt_at` has come, the longest due first.
    async fn list_due_refunds(&self, now: Timestamp, limit: usize) -> Result<Vec<Order>, StoreError>;
    /// Carts whose `expires_at` has come.
    async fn list_due_carts(&self, now: Timestamp, limit: usize) -> Result<Vec<CartId>, StoreError>;
    /// The `limit` idempotency keys after `after`, and which of them were made before `made_before`.
    async fn sweep_idempotency_keys(
        &self,
        after: Option<[u8; 16]>,
        made_before: Timestamp,
        limit: usize,
    ) -> Result<KeySweep, StoreError>;

    /// Reads everything in one snapshot and checks it with [`earmark_core::verify`].
    async fn audit(&self) -> Result<AuditReport, StoreError>;
}

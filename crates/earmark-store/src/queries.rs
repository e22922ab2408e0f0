//! What does a database show? Its read side, the same for every engine.
//!
//! Invariant: a read sees all that was acknowledged before it began, and whole batches only. What a
//! list filters by is in `filters.rs`; [`crate::Engine`] is the write side.

use async_trait::async_trait;
use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId, RefundId};
use earmark_core::movements::{Delta, movement};
use earmark_core::orders::OrderStatus;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::{CustomerId, Reference, Sku};
use earmark_core::{
    ApiKey, Event, Movement, Order, Payment, PricedCart, Refund, Stock, StockedItem, Timestamp,
};

use crate::error::{Result, StoreError};
use crate::verify::VerifyReport;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Whether more rows follow the last one.
    pub more: bool,
}

impl<T> Page<T> {
    /// The first `limit` of these rows. One row beyond them says that there are more.
    pub fn of(mut rows: Vec<T>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, more }
    }
}

/// Conditions for items. All hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// A text that the SKU or the name holds, compared without case of ASCII letters.
    pub search: Option<String>,
    /// Only items with something available.
    pub in_stock: bool,
    /// `true`: only items that are sold; `false`: only those that are not.
    pub active: Option<bool>,
    /// Only items after this one, by SKU.
    pub after: Option<Sku>,
}

/// Conditions for orders. All hold at once; neither time is included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    pub customer_id: Option<CustomerId>,
    pub status: Option<OrderStatus>,
    /// An item that a line of the order is of.
    pub sku: Option<Sku>,
    pub reference: Option<Reference>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    /// Only orders with a lower id, which are older.
    pub before: Option<OrderId>,
}

/// Conditions for payments. All hold at once; neither time is included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    pub status: Option<PaymentStatus>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    /// Only payments with a lower id, which are older.
    pub before: Option<PaymentId>,
}

/// Conditions for refunds. All hold at once; neither time is included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundFilter {
    pub status: Option<RefundStatus>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    /// Only refunds with a lower id, which are older.
    pub before: Option<RefundId>,
}

/// Where a list of movements goes on: before this event, with the counters as they were then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovementCursor {
    /// The event of the last movement of the page before.
    pub sequence: u64,
    /// Units on hand before that event.
    pub on_hand: u32,
    /// Units reserved before that event.
    pub reserved: u32,
}

impl MovementCursor {
    /// Before no event yet, with the counters of an item as they are now.
    pub fn newest(stock: &Stock) -> Self {
        Self { sequence: u64::MAX, on_hand: stock.on_hand, reserved: stock.reserved }
    }

    /// The movement of a delta after which the counters are these; then they are those before it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a counter would leave its range before it.
    pub fn step_back(&mut self, event: &Event, delta: &Delta) -> Result<Movement> {
        let after = movement(event, delta, self.on_hand, self.reserved);
        let before = |counter: u32, delta: i64| {
            let before = i64::from(counter).checked_sub(delta).and_then(|before| u32::try_from(before).ok());
            let what = "the counters do not follow from the events, at event";
            before.ok_or_else(|| StoreError::Damaged(format!("{what}: {}", event.sequence)))
        };
        self.on_hand = before(self.on_hand, delta.on_hand)?;
        self.reserved = before(self.reserved, delta.reserved)?;
        Ok(after)
    }
}

/// An event as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    pub event: Event,
    /// With an `order.created`, the order as it was placed ([`Order::as_placed`]).
    pub placed: Option<Box<Order>>,
}

/// A range of the idempotency keys, in their own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySweep {
    /// Those in the range that are old enough to be forgotten.
    pub expired: Vec<[u8; 16]>,
    /// The last key of the range, after which the next one begins; `None` at the end.
    pub next: Option<[u8; 16]>,
}

/// The read side of a store. A list gives at most `limit` rows. Every read fails where the database
/// does not answer, or where a stored row is damaged.
#[async_trait]
pub trait Queries: Send + Sync {
    /// Whether the database answers.
    async fn ping(&self) -> Result<()>;

    /// An item with its stock.
    async fn find_item(&self, sku: &Sku) -> Result<Option<StockedItem>>;
    /// Items in the bytewise order of their SKUs.
    async fn list_items(&self, filter: &ItemFilter, limit: usize) -> Result<Page<StockedItem>>;
    /// Changes of an item's counters, newest first. Without a cursor the list starts from the
    /// counters as they are now.
    async fn list_movements(
        &self,
        sku: &Sku,
        before: Option<MovementCursor>,
        limit: usize,
    ) -> Result<Page<Movement>>;

    /// A cart with its items and their prices.
    async fn find_cart(&self, id: CartId) -> Result<Option<PricedCart>>;

    /// An order with all that belongs to it.
    async fn find_order(&self, id: OrderId) -> Result<Option<Order>>;
    /// The order that a payment belongs to.
    async fn find_order_of_payment(&self, id: PaymentId) -> Result<Option<Order>>;
    /// The order that a refund belongs to.
    async fn find_order_of_refund(&self, id: RefundId) -> Result<Option<Order>>;
    /// Payments with their orders, newest (highest id) first.
    async fn list_payments(&self, filter: &PaymentFilter, limit: usize) -> Result<Page<(OrderId, Payment)>>;
    /// Refunds with their orders, newest (highest id) first.
    async fn list_refunds(&self, filter: &RefundFilter, limit: usize) -> Result<Page<(OrderId, Refund)>>;
    /// Orders, newest (highest id) first.
    async fn list_orders(&self, filter: &OrderFilter, limit: usize) -> Result<Page<Order>>;

    /// Events after this number, oldest first; of the types whose places in
    /// [`earmark_core::Fact::TYPES`] are given, or of all.
    async fn list_events(
        &self,
        after: u64,
        types: Option<&[usize]>,
        limit: usize,
    ) -> Result<Page<RecordedEvent>>;
    /// Events of one order after this number, oldest first.
    async fn list_order_events(&self, id: OrderId, after: u64, limit: usize) -> Result<Page<RecordedEvent>>;

    /// An API key, revoked or not.
    async fn find_api_key(&self, id: KeyId) -> Result<Option<ApiKey>>;
    /// API keys after this one, by id.
    async fn list_api_keys(&self, after: Option<KeyId>, limit: usize) -> Result<Page<ApiKey>>;

    /// Orders whose [`Order::expiry_due_at`] has come, the longest due first.
    async fn list_due_reservations(&self, now: Timestamp, limit: usize) -> Result<Vec<OrderId>>;
    /// Orders with a PENDING payment whose `next_attempt_at` has come, the longest due first.
    async fn list_due_payments(&self, now: Timestamp, limit: usize) -> Result<Vec<Order>>;
    /// Orders with a PENDING refund whose `next_attempt_at` has come, the longest due first.
    async fn list_due_refunds(&self, now: Timestamp, limit: usize) -> Result<Vec<Order>>;
    /// Carts whose `expires_at` has come.
    async fn list_due_carts(&self, now: Timestamp, limit: usize) -> Result<Vec<CartId>>;
    /// The `limit` idempotency keys after `after`, and which of them were made before
    /// `made_before`.
    async fn sweep_idempotency_keys(
        &self,
        after: Option<[u8; 16]>,
        made_before: Timestamp,
        limit: usize,
    ) -> Result<KeySweep>;

    /// Reads everything in one snapshot and checks it against the invariants of `earmark-core`.
    async fn verify(&self) -> Result<VerifyReport>;
}

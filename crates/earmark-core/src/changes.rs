//! What becomes different? Row images (the rows as they shall be) and events: nothing to interpret, no deltas.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::carts::Cart;
use crate::event::{Event, Fact};
use crate::idempotency::IdempotencyRecord;
use crate::ids::{CartId, OrderId};
use crate::items::{Item, Stock};
use crate::keys::ApiKey;
use crate::orders::Order;
use crate::outcome::Outcome;
use crate::text::Sku;

/// What a command comes to: its outcome, and what becomes different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// The rows and events.
    pub changes: Changes,
}

/// The rows as one command leaves them, and its events, not numbered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Descriptions of items.
    pub items: Vec<Item>,
    /// Counters of items.
    pub stocks: Vec<Stock>,
    /// Carts.
    pub carts: Vec<Cart>,
    /// Carts that are gone.
    pub deleted_carts: Vec<CartId>,
    /// Orders.
    pub orders: Vec<Arc<Order>>,
    /// API keys.
    pub api_keys: Vec<ApiKey>,
    /// The idempotency key used.
    pub idempotency: Option<IdempotencyRecord>,
    /// Idempotency keys forgotten.
    pub deleted_keys: Vec<[u8; 16]>,
    /// What happened, in order.
    pub events: Vec<EventDraft>,
}

/// An event without its number, time and actor, which the envelope gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDraft {
    /// The order it is about.
    pub order_id: Option<OrderId>,
    /// The item it is about.
    pub sku: Option<Sku>,
    /// What it was.
    pub fact: Fact,
}

impl EventDraft {
    /// A fact about an order.
    pub(crate) fn order(order_id: OrderId, fact: Fact) -> Self {
        Self { order_id: Some(order_id), sku: None, fact }
    }

    /// A fact about an item.
    pub(crate) fn item(sku: &Sku, fact: Fact) -> Self {
        Self { order_id: None, sku: Some(sku.clone()), fact }
    }
}

/// A row before and after a batch; `None` where it does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<R> {
    /// As it was loaded.
    pub before: Option<Arc<R>>,
    /// As it shall be.
    pub after: Option<Arc<R>>,
}

/// All that a batch of commands changes: what an engine saves in one transaction.
///
/// Each list has a row at most once, so applying a batch twice is harmless. An engine inserts where `before` is `None`, and otherwise
/// updates only the version that was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchChanges {
    /// Descriptions of items.
    pub items: Vec<Change<Item>>,
    /// Counters of items.
    pub stocks: Vec<Change<Stock>>,
    /// Carts.
    pub carts: Vec<Change<Cart>>,
    /// Orders with their lines, cancellations, shipments, payments and refunds.
    pub orders: Vec<Change<Order>>,
    /// API keys.
    pub api_keys: Vec<Change<ApiKey>>,
    /// Idempotency keys.
    pub idempotency: Vec<Change<IdempotencyRecord>>,
    /// What happened, numbered without gaps.
    pub events: Vec<Event>,
}

impl BatchChanges {
    /// Whether there is nothing to save.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

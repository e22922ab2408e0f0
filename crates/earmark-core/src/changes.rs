//! What becomes different?
//!
//! Row images, which are the rows as they shall be, and events. There are no deltas, and nothing is
//! left to interpret: an engine writes what stands here, and writing it twice is harmless.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::carts::Cart;
use crate::event::{Event, EventDraft};
use crate::idempotency::IdempotencyRecord;
use crate::ids::CartId;
use crate::items::{Item, Stock};
use crate::keys::ApiKey;
use crate::orders::Order;
use crate::outcome::Outcome;

/// What a command comes to: its outcome, and what becomes different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub outcome: Outcome,
    pub changes: Changes,
}

/// The rows as one command leaves them, and its events, not numbered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub items: Vec<Item>,
    pub stocks: Vec<Stock>,
    pub carts: Vec<Cart>,
    pub deleted_carts: Vec<CartId>,
    pub orders: Vec<Arc<Order>>,
    pub api_keys: Vec<ApiKey>,
    /// The idempotency key that the command used.
    pub idempotency: Option<IdempotencyRecord>,
    /// Digests of idempotency keys that are deleted.
    pub deleted_keys: Vec<[u8; 16]>,
    /// In the order in which they happened.
    pub events: Vec<EventDraft>,
}

impl Decision {
    /// An answer without a change.
    pub(crate) fn unchanged(outcome: Outcome) -> Self {
        Self { outcome, changes: Changes::default() }
    }

    /// A changed order, which is also the answer.
    pub(crate) fn order(order: Order, stocks: Vec<Stock>, events: Vec<EventDraft>) -> Self {
        let order = Arc::new(order);
        let changes = Changes { stocks, ..Changes::of_order(Arc::clone(&order), events) };
        Self { outcome: Outcome::Order(order), changes }
    }
}

impl Changes {
    /// A changed order and what happened to it.
    pub(crate) fn of_order(order: impl Into<Arc<Order>>, events: Vec<EventDraft>) -> Self {
        Self { orders: vec![order.into()], events, ..Self::default() }
    }
}

/// A row before and after a batch; `None` where it does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<R> {
    /// The row as it was loaded.
    pub before: Option<Arc<R>>,
    /// The row as it shall be.
    pub after: Option<Arc<R>>,
}

/// All that a batch of commands changes: what an engine saves in one transaction.
///
/// Each list has a row at most once, so applying a batch twice is harmless. An engine inserts where
/// `before` is `None`, and otherwise updates only the version that was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchChanges {
    /// Items without their counters.
    pub items: Vec<Change<Item>>,
    pub stocks: Vec<Change<Stock>>,
    pub carts: Vec<Change<Cart>>,
    /// Orders with their lines, cancellations, shipments, payments and refunds.
    pub orders: Vec<Change<Order>>,
    pub api_keys: Vec<Change<ApiKey>>,
    pub idempotency: Vec<Change<IdempotencyRecord>>,
    /// Numbered without gaps, in the order in which they happened.
    pub events: Vec<Event>,
}

impl BatchChanges {
    /// Whether there is nothing to save.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

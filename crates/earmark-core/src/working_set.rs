//! What does a batch see?
//!
//! The rows that its commands named, as the commands before left them. A decision only reads the
//! working set; [`WorkingSet::absorb`] takes its changes in, so that the next command sees them.
//! At the end of the batch [`WorkingSet::take_changes`] says what an engine has to save.

use std::sync::Arc;

use crate::carts::Cart;
use crate::idempotency::IdempotencyRecord;
use crate::ids::{CartId, KeyId, OrderId};
use crate::items::{Item, Stock};
use crate::keys::ApiKey;
use crate::orders::Order;
use crate::table::Table;
use crate::text::{Reference, Sku};
use crate::{Access, Actor, BatchChanges, Changes, Event, Rejection, Result, Timestamp};

/// The rows that a batch sees.
#[derive(Clone, Debug, Default)]
pub struct WorkingSet {
    /// Items without their counters.
    pub items: Table<Sku, Item>,
    /// The counters of items.
    pub stocks: Table<Sku, Stock>,
    pub carts: Table<CartId, Cart>,
    /// Orders, each with everything that belongs to it.
    pub orders: Table<OrderId, Order>,
    /// The order that has a reference.
    pub references: Table<Reference, OrderId>,
    pub api_keys: Table<KeyId, ApiKey>,
    /// Idempotency keys that were used, by digest.
    pub idempotency: Table<[u8; 16], IdempotencyRecord>,
    /// The number of the last event; an engine sets it when a batch begins.
    pub last_sequence: u64,
    /// The time of the last event of any node; an engine sets it when a batch begins.
    pub last_event_at: Timestamp,
    events: Vec<Event>,
}

impl WorkingSet {
    /// The order, if it exists for the caller.
    pub(crate) fn reachable_order(&self, id: OrderId, access: &Access) -> Result<&Arc<Order>> {
        let order = self.orders.find(&id);
        order.filter(|order| access.reaches(order.customer_id.as_ref())).ok_or(Rejection::NotFound)
    }

    /// The cart, if it exists for the caller.
    pub(crate) fn reachable_cart(&self, id: CartId, access: &Access) -> Result<&Arc<Cart>> {
        let cart = self.carts.find(&id);
        cart.filter(|cart| access.reaches(cart.customer_id.as_ref())).ok_or(Rejection::NotFound)
    }

    /// The counters of an item that exists.
    pub(crate) fn stock_of(&self, sku: &Sku) -> &Stock {
        self.stocks.find(sku).expect("an item has its stock")
    }

    /// Takes in what a command changes and numbers its events.
    pub fn absorb(&mut self, changes: Changes, actor: &Actor, now: Timestamp) {
        for item in changes.items {
            self.items.set(item.sku.clone(), Some(Arc::new(item)));
        }
        for stock in changes.stocks {
            self.stocks.set(stock.sku.clone(), Some(Arc::new(stock)));
        }
        for cart in changes.carts {
            self.carts.set(cart.id, Some(Arc::new(cart)));
        }
        for id in changes.deleted_carts {
            self.carts.set(id, None);
        }
        for order in changes.orders {
            // A reference is taken by the order's placement and stays with it for ever.
            if let (Some(reference), 1) = (&order.reference, order.version) {
                self.references.set(reference.clone(), Some(Arc::new(order.id)));
            }
            self.orders.set(order.id, Some(order));
        }
        for key in changes.api_keys {
            self.api_keys.set(key.id, Some(Arc::new(key)));
        }
        if let Some(record) = changes.idempotency {
            self.idempotency.set(record.digest, Some(Arc::new(record)));
        }
        for digest in changes.deleted_keys {
            self.idempotency.set(digest, None);
        }
        for draft in changes.events {
            self.last_sequence += 1;
            let (sequence, actor) = (self.last_sequence, actor.clone());
            let (order_id, sku, fact) = (draft.order_id, draft.sku, draft.fact);
            self.events.push(Event { sequence, at: now, actor, order_id, sku, fact });
        }
    }

    /// All that changed since the rows were loaded, each row once.
    pub fn take_changes(&mut self) -> BatchChanges {
        // References are saved with their orders.
        self.references.take_changes();
        BatchChanges {
            items: self.items.take_changes(),
            stocks: self.stocks.take_changes(),
            carts: self.carts.take_changes(),
            orders: self.orders.take_changes(),
            api_keys: self.api_keys.take_changes(),
            idempotency: self.idempotency.take_changes(),
            events: std::mem::take(&mut self.events),
        }
    }
}

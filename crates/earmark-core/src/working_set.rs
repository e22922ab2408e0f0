//! What does a batch see? The rows that its commands named, as loaded, and as the commands before left them.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use crate::Timestamp;
use crate::caller::Actor;
use crate::carts::Cart;
use crate::changes::{BatchChanges, Change, Changes};
use crate::event::Event;
use crate::idempotency::IdempotencyRecord;
use crate::ids::{CartId, KeyId, OrderId};
use crate::items::{Item, Stock};
use crate::keys::ApiKey;
use crate::orders::Order;
use crate::text::{Reference, Sku};

/// Rows that are to be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Items, each with its stock.
    pub items: HashSet<Sku>,
    /// Carts.
    pub carts: HashSet<CartId>,
    /// Orders, each with everything that belongs to it.
    pub orders: HashSet<OrderId>,
    /// References of orders.
    pub references: HashSet<Reference>,
    /// API keys.
    pub api_keys: HashSet<KeyId>,
    /// Idempotency keys, by digest.
    pub idempotency: HashSet<[u8; 16]>,
}

impl Keys {
    /// Names an item and its stock, unless they are loaded; likewise below.
    pub fn need_item(&mut self, rows: &WorkingSet, sku: &Sku) {
        if !rows.items.knows(sku) && !self.items.contains(sku) {
            self.items.insert(sku.clone());
        }
    }

    /// Names a cart.
    pub fn need_cart(&mut self, rows: &WorkingSet, id: CartId) {
        if !rows.carts.knows(&id) {
            self.carts.insert(id);
        }
    }

    /// Names an order.
    pub fn need_order(&mut self, rows: &WorkingSet, id: OrderId) {
        if !rows.orders.knows(&id) {
            self.orders.insert(id);
        }
    }

    /// Names a reference.
    pub fn need_reference(&mut self, rows: &WorkingSet, reference: &Reference) {
        if !rows.references.knows(reference) {
            self.references.insert(reference.clone());
        }
    }

    /// Names an API key.
    pub fn need_api_key(&mut self, rows: &WorkingSet, id: KeyId) {
        if !rows.api_keys.knows(&id) {
            self.api_keys.insert(id);
        }
    }

    /// Names an idempotency key.
    pub fn need_idempotency(&mut self, rows: &WorkingSet, digest: [u8; 16]) {
        if !rows.idempotency.knows(&digest) {
            self.idempotency.insert(digest);
        }
    }

    /// Those of them whose rows are not loaded.
    #[must_use]
    pub fn not_in(&self, rows: &WorkingSet) -> Self {
        fn missing<K: Hash + Eq + Clone, R>(keys: &HashSet<K>, table: &Table<K, R>) -> HashSet<K> {
            keys.iter().filter(|key| !table.knows(*key)).cloned().collect()
        }
        Self {
            items: missing(&self.items, &rows.items),
            carts: missing(&self.carts, &rows.carts),
            orders: missing(&self.orders, &rows.orders),
            references: missing(&self.references, &rows.references),
            api_keys: missing(&self.api_keys, &rows.api_keys),
            idempotency: missing(&self.idempotency, &rows.idempotency),
        }
    }

    /// Whether nothing is to be loaded.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.carts.is_empty()
            && self.orders.is_empty()
            && self.references.is_empty()
            && self.api_keys.is_empty()
            && self.idempotency.is_empty()
    }
}

/// The rows of one kind that a batch has loaded, and what has become of them.
#[derive(Clone, Debug)]
pub struct Table<K, R> {
    slots: HashMap<K, Slot<R>>,
    /// Keys of changed rows, in the order of their first change.
    changed: Vec<K>,
}

#[derive(Clone, Debug)]
struct Slot<R> {
    loaded: Option<Arc<R>>,
    current: Option<Arc<R>>,
    changed: bool,
}

impl<K, R> Default for Table<K, R> {
    fn default() -> Self {
        Self { slots: HashMap::new(), changed: Vec::new() }
    }
}

impl<K: Hash + Eq + Clone, R> Table<K, R> {
    /// Whether the row was asked for, be it there or not.
    pub fn knows<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.slots.contains_key(key)
    }

    /// The row as the last command left it.
    ///
    /// # Panics
    /// If it was never loaded: a command that did not name its rows.
    pub fn find<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&Arc<R>>
    where
        K: Borrow<Q>,
    {
        self.slots.get(key).expect("a command names the rows that it reads").current.as_ref()
    }

    /// Takes in a row that an engine found, or found absent.
    pub fn put_loaded(&mut self, key: K, row: Option<R>) {
        let row = row.map(Arc::new);
        self.slots.entry(key).or_insert(Slot { loaded: row.clone(), current: row, changed: false });
    }

    /// The same for a row that an engine keeps.
    pub fn put_shared(&mut self, key: &K, row: Arc<R>) {
        if !self.slots.contains_key(key) {
            let loaded = Some(Arc::clone(&row));
            self.slots.insert(key.clone(), Slot { loaded, current: Some(row), changed: false });
        }
    }

    fn set(&mut self, key: K, row: Option<Arc<R>>) {
        // A row that nobody loaded is new; should its id be taken after all, the schema refuses it.
        let slot =
            self.slots.entry(key.clone()).or_insert(Slot { loaded: None, current: None, changed: false });
        slot.current = row;
        if !slot.changed {
            slot.changed = true;
            self.changed.push(key);
        }
    }

    fn take_changes(&mut self) -> Vec<Change<R>> {
        let changes = self.changed.drain(..).filter_map(|key| {
            let slot = self.slots.get_mut(&key).expect("a changed row is in its table");
            slot.changed = false;
            let before = std::mem::replace(&mut slot.loaded, slot.current.clone());
            let (gone, after) = (before.is_none() && slot.current.is_none(), slot.current.clone());
            (!gone).then_some(Change { before, after })
        });
        changes.collect()
    }
}

/// The rows that a batch sees.
#[derive(Clone, Debug, Default)]
pub struct WorkingSet {
    /// Descriptions of items.
    pub items: Table<Sku, Item>,
    /// Counters of items.
    pub stocks: Table<Sku, Stock>,
    /// Carts.
    pub carts: Table<CartId, Cart>,
    /// Orders.
    pub orders: Table<OrderId, Order>,
    /// Which order has which reference.
    pub references: Table<Reference, OrderId>,
    /// API keys.
    pub api_keys: Table<KeyId, ApiKey>,
    /// Idempotency keys.
    pub idempotency: Table<[u8; 16], IdempotencyRecord>,
    /// The number of the last event; an engine sets it when a batch begins.
    pub last_sequence: u64,
    /// When the last event was written, by whichever node; an engine sets it when a batch begins.
    pub last_event_at: Timestamp,
    events: Vec<Event>,
}

impl WorkingSet {
    /// Takes in what a command changes, so that the next one sees it.
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

    /// Everything that changed since the rows were loaded, each row once.
    pub fn take_changes(&mut self) -> BatchChanges {
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

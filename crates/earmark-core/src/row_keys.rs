//! Which rows are to be loaded?
//!
//! A command names the rows that it reads, and an engine loads them. Each method names a row only
//! if the working set lacks it, so that a further round of loading asks for what is new.

use std::collections::HashSet;
use std::hash::Hash;

use crate::ids::{CartId, KeyId, OrderId};
use crate::table::Table;
use crate::text::{Reference, Sku};
use crate::working_set::WorkingSet;

/// The keys of rows that are to be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Items, each with its stock.
    pub items: HashSet<Sku>,
    pub carts: HashSet<CartId>,
    /// Orders, each with everything that belongs to it.
    pub orders: HashSet<OrderId>,
    /// References of orders, each with the id of its order.
    pub references: HashSet<Reference>,
    pub api_keys: HashSet<KeyId>,
    /// Idempotency keys, by digest.
    pub idempotency: HashSet<[u8; 16]>,
}

impl Keys {
    /// Names an item with its stock.
    pub fn need_item(&mut self, rows: &WorkingSet, sku: &Sku) {
        if !rows.items.knows(sku) && !self.items.contains(sku) {
            self.items.insert(sku.clone());
        }
    }

    /// Names a cart, but not its items.
    pub(crate) fn need_cart(&mut self, rows: &WorkingSet, id: CartId) {
        if !rows.carts.knows(&id) {
            self.carts.insert(id);
        }
    }

    /// Names a cart and, once it is loaded, the items of its lines.
    pub(crate) fn need_cart_with_items(&mut self, rows: &WorkingSet, id: CartId) {
        self.need_cart(rows, id);
        if rows.carts.knows(&id) {
            let lines = rows.carts.find(&id).map_or(&[][..], |cart| &cart.lines);
            lines.iter().for_each(|line| self.need_item(rows, &line.sku));
        }
    }

    /// Names an order, but not the items of its lines.
    pub fn need_order(&mut self, rows: &WorkingSet, id: OrderId) {
        if !rows.orders.knows(&id) {
            self.orders.insert(id);
        }
    }

    /// Names an order and, once it is loaded, the items of its lines.
    pub(crate) fn need_order_with_items(&mut self, rows: &WorkingSet, id: OrderId) {
        self.need_order(rows, id);
        if rows.orders.knows(&id) {
            let lines = rows.orders.find(&id).map_or(&[][..], |order| &order.lines);
            lines.iter().for_each(|line| self.need_item(rows, &line.sku));
        }
    }

    /// Names the order that has a reference.
    pub(crate) fn need_reference(&mut self, rows: &WorkingSet, reference: &Reference) {
        if !rows.references.knows(reference) {
            self.references.insert(reference.clone());
        }
    }

    /// Names an API key.
    pub(crate) fn need_api_key(&mut self, rows: &WorkingSet, id: KeyId) {
        if !rows.api_keys.knows(&id) {
            self.api_keys.insert(id);
        }
    }

    /// Names an idempotency key.
    pub(crate) fn need_idempotency(&mut self, rows: &WorkingSet, digest: [u8; 16]) {
        if !rows.idempotency.knows(&digest) {
            self.idempotency.insert(digest);
        }
    }

    /// Those of the keys whose rows are not in the working set.
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

    /// Whether there is nothing to load.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.carts.is_empty()
            && self.orders.is_empty()
            && self.references.is_empty()
            && self.api_keys.is_empty()
            && self.idempotency.is_empty()
    }
}

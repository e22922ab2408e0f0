//! A store in memory: the model that the databases are compared with, and the store of quick tests.
//!
//! It keeps the same promises as the databases but durability: versions are checked, a batch is
//! saved whole or not at all, and readers see whole batches.

mod queries;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use earmark_core::ids::{CartId, KeyId, OrderId, PaymentId};
use earmark_core::text::{Reference, Sku};
use earmark_core::{
    ApiKey, BatchChanges, Cart, Change, Event, IdempotencyRecord, Item, Keys, Order, Stock, WorkingSet,
};

use crate::engine::{Engine, Overlap};
use crate::error::{Result, StoreError};

#[derive(Default)]
struct Tables {
    items: BTreeMap<Sku, Arc<Item>>,
    stocks: BTreeMap<Sku, Arc<Stock>>,
    carts: BTreeMap<CartId, Arc<Cart>>,
    orders: BTreeMap<OrderId, Arc<Order>>,
    references: HashMap<Reference, OrderId>,
    payments: HashMap<PaymentId, OrderId>,
    api_keys: BTreeMap<KeyId, Arc<ApiKey>>,
    idempotency: BTreeMap<[u8; 16], Arc<IdempotencyRecord>>,
    events: Vec<Event>,
}

/// A store in memory. Clones share the rows: one is the engine of a writer, another the read side.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<RwLock<Tables>>);

impl MemoryStore {
    /// A store without any rows.
    pub fn new() -> Self {
        Self::default()
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryStore {
    fn begin(&mut self, keys: &Keys, rows: &mut WorkingSet, _: &mut dyn Overlap) -> Result<()> {
        if let Some(last) = self.read().events.last() {
            (rows.last_sequence, rows.last_event_at) = (last.sequence, last.at);
        }
        self.load(keys, rows)
    }

    fn load(&mut self, keys: &Keys, rows: &mut WorkingSet) -> Result<()> {
        let tables = self.read();
        for sku in &keys.items {
            rows.items.put_loaded(sku.clone(), tables.items.get(sku).map(|row| Item::clone(row)));
            rows.stocks.put_loaded(sku.clone(), tables.stocks.get(sku).map(|row| Stock::clone(row)));
        }
        for id in &keys.carts {
            rows.carts.put_loaded(*id, tables.carts.get(id).map(|row| Cart::clone(row)));
        }
        for id in &keys.orders {
            rows.orders.put_loaded(*id, tables.orders.get(id).map(|row| Order::clone(row)));
        }
        for reference in &keys.references {
            rows.references.put_loaded(reference.clone(), tables.references.get(reference).copied());
        }
        for id in &keys.api_keys {
            rows.api_keys.put_loaded(*id, tables.api_keys.get(id).map(|row| ApiKey::clone(row)));
        }
        for digest in &keys.idempotency {
            let record = tables.idempotency.get(digest).map(|row| IdempotencyRecord::clone(row));
            rows.idempotency.put_loaded(*digest, record);
        }
        Ok(())
    }

    fn commit(&mut self, changes: &BatchChanges, _overlap: &mut dyn Overlap) -> Result<()> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tables.check(changes)?;
        tables.apply(changes);
        Ok(())
    }

    fn rollback(&mut self) {}
}

/// Whether a row is still as it was loaded.
fn unchanged<R>(
    change: &Change<R>,
    stored: Option<&Arc<R>>,
    version: impl Fn(&R) -> u64,
    what: &str,
) -> Result<()> {
    match (&change.before, stored) {
        (None, None) => Ok(()),
        (Some(before), Some(stored)) if version(before) == version(stored) => Ok(()),
        _ => Err(StoreError::Conflict(format!("{what} is not as it was loaded"))),
    }
}

fn after<R>(change: &Change<R>) -> Option<&Arc<R>> {
    change.after.as_ref()
}

impl Tables {
    /// Checks everything that could refuse the batch.
    fn check(&self, changes: &BatchChanges) -> Result<()> {
        let key = |change: &Change<Stock>| row(change).sku.clone();
        for change in &changes.stocks {
            unchanged(change, self.stocks.get(&key(change)), |row| row.version, "stock")?;
            let stock = row(change);
            if stock.reserved > stock.on_hand {
                return Err(StoreError::Refused("reserved is at most on hand".into()));
            }
        }
        for change in &changes.items {
            // Items carry no version of their own: the stock's guards both.
            unchanged(change, self.items.get(&row(change).sku), |_| 0, "item")?;
        }
        for change in &changes.carts {
            unchanged(change, self.carts.get(&row(change).id), |row| row.version, "cart")?;
        }
        for change in &changes.orders {
            let order = row(change);
            unchanged(change, self.orders.get(&order.id), |row| row.version, "order")?;
            let taken = order.reference.as_ref().and_then(|reference| self.references.get(reference));
            if taken.is_some_and(|id| *id != order.id) {
                return Err(StoreError::Refused("a reference is unique".into()));
            }
            let strange = |id: &PaymentId| self.payments.get(id).is_some_and(|owner| *owner != order.id);
            if order.payments.iter().any(|payment| strange(&payment.id)) {
                return Err(StoreError::Refused("the id of a payment is unique".into()));
            }
            if let Some(breach) = order.breaches().first() {
                return Err(StoreError::Refused(breach.clone()));
            }
        }
        for change in &changes.api_keys {
            unchanged(change, self.api_keys.get(&row(change).id), |row| row.version, "API key")?;
        }
        for change in &changes.idempotency {
            unchanged(change, self.idempotency.get(&row(change).digest), |_| 0, "idempotency key")?;
        }
        let last = self.events.last().map_or(0, |event| event.sequence);
        match changes.events.first() {
            Some(event) if event.sequence <= last => {
                Err(StoreError::Conflict(format!("event {} is there", event.sequence)))
            }
            _ => Ok(()),
        }
    }

    fn apply(&mut self, changes: &BatchChanges) {
        for item in changes.items.iter().filter_map(after) {
            self.items.insert(item.sku.clone(), Arc::clone(item));
        }
        for stock in changes.stocks.iter().filter_map(after) {
            self.stocks.insert(stock.sku.clone(), Arc::clone(stock));
        }
        for change in &changes.carts {
            match &change.after {
                Some(cart) => drop(self.carts.insert(cart.id, Arc::clone(cart))),
                None => drop(self.carts.remove(&row(change).id)),
            }
        }
        for order in changes.orders.iter().filter_map(after) {
            if let Some(reference) = &order.reference {
                self.references.insert(reference.clone(), order.id);
            }
            self.payments.extend(order.payments.iter().map(|payment| (payment.id, order.id)));
            self.orders.insert(order.id, Arc::clone(order));
        }
        for key in changes.api_keys.iter().filter_map(after) {
            self.api_keys.insert(key.id, Arc::clone(key));
        }
        for change in &changes.idempotency {
            match &change.after {
                Some(record) => drop(self.idempotency.insert(record.digest, Arc::clone(record))),
                None => drop(self.idempotency.remove(&row(change).digest)),
            }
        }
        self.events.extend(changes.events.iter().cloned());
    }
}

/// The row that a change is about: as it shall be or, if it is deleted, as it was.
fn row<R>(change: &Change<R>) -> &R {
    change.after.as_ref().or(change.before.as_ref()).expect("a change has a row")
}

//! What should be in the store? Every row as the commits so far left it, in plain maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use earmark_core::carts::{Cart, PricedCart};
use earmark_core::event::{Event, Fact};
use earmark_core::idempotency::IdempotencyRecord;
use earmark_core::ids::{CartId, KeyId, OrderId};
use earmark_core::items::{Item, Stock, StockedItem};
use earmark_core::keys::ApiKey;
use earmark_core::orders::Order;
use earmark_core::text::Sku;
use earmark_core::{BatchChanges, Change, Timestamp};

use earmark_store::RecordedEvent;

/// Every row that should be there.
#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) items: BTreeMap<Sku, Arc<Item>>,
    pub(crate) stocks: BTreeMap<Sku, Arc<Stock>>,
    pub(crate) carts: BTreeMap<CartId, Arc<Cart>>,
    pub(crate) orders: BTreeMap<OrderId, Arc<Order>>,
    pub(crate) api_keys: BTreeMap<KeyId, Arc<ApiKey>>,
    pub(crate) idempotency: BTreeMap<[u8; 16], Arc<IdempotencyRecord>>,
    pub(crate) events: Vec<Event>,
}

fn apply<K: Ord, R>(rows: &mut BTreeMap<K, Arc<R>>, changes: &[Change<R>], key: impl Fn(&R) -> K) {
    for change in changes {
        let row = change.after.as_ref().or(change.before.as_ref()).expect("a change has a row");
        match &change.after {
            Some(after) => drop(rows.insert(key(row), Arc::clone(after))),
            None => drop(rows.remove(&key(row))),
        }
    }
}

impl Model {
    /// When the last event was written; zero before the first.
    pub(crate) fn last_event_at(&self) -> Timestamp {
        self.events.last().map_or(Timestamp(0), |event| event.at)
    }

    /// Takes the changes of a commit in.
    pub(crate) fn apply(&mut self, changes: &BatchChanges) {
        apply(&mut self.items, &changes.items, |row| row.sku.clone());
        apply(&mut self.stocks, &changes.stocks, |row| row.sku.clone());
        apply(&mut self.carts, &changes.carts, |row| row.id);
        apply(&mut self.orders, &changes.orders, |row| row.id);
        apply(&mut self.api_keys, &changes.api_keys, |row| row.id);
        apply(&mut self.idempotency, &changes.idempotency, |row| row.digest);
        self.events.extend(changes.events.iter().cloned());
    }

    /// An item with its stock.
    pub(crate) fn stocked(&self, sku: &Sku) -> StockedItem {
        StockedItem { item: Item::clone(&self.items[sku]), stock: Stock::clone(&self.stocks[sku]) }
    }

    /// A cart with its items.
    pub(crate) fn priced(&self, cart: &Cart) -> PricedCart {
        let items = cart.lines.iter().map(|line| self.stocked(&line.sku)).collect();
        PricedCart { cart: cart.clone(), items }
    }

    /// An event as readers see it.
    pub(crate) fn recorded(&self, event: &Event) -> RecordedEvent {
        let created = event.order_id.filter(|_| event.fact == Fact::OrderCreated);
        let placed = created.map(|id| Box::new(self.orders[&id].as_placed()));
        RecordedEvent { event: event.clone(), placed }
    }
}

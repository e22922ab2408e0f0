//! What rows should there be? Every row as the accepted commands so far left it, kept apart from
//! the store and from what the core makes of the changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use earmark_core::carts::Cart;
use earmark_core::event::Event;
use earmark_core::idempotency::IdempotencyRecord;
use earmark_core::ids::{CartId, KeyId, OrderId};
use earmark_core::items::{Item, Stock};
use earmark_core::keys::ApiKey;
use earmark_core::orders::Order;
use earmark_core::text::{Reference, Sku};
use earmark_core::{Changes, Command, Timestamp};

/// The result of every check: nothing, or what is wrong.
pub(crate) type Checked = Result<(), String>;

/// Fails with a description of what is wrong, unless the condition holds.
pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

/// A command and the time at which it is decided.
#[derive(Clone, Copy)]
pub(crate) struct TimedCommand<'a> {
    pub(crate) command: &'a Command,
    pub(crate) now: Timestamp,
}

/// Every row that should be there.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) items: BTreeMap<Sku, Arc<Item>>,
    pub(crate) stocks: BTreeMap<Sku, Arc<Stock>>,
    pub(crate) carts: BTreeMap<CartId, Arc<Cart>>,
    pub(crate) orders: BTreeMap<OrderId, Arc<Order>>,
    pub(crate) references: HashMap<Reference, OrderId>,
    pub(crate) api_keys: BTreeMap<KeyId, Arc<ApiKey>>,
    pub(crate) idempotency: HashMap<[u8; 16], Arc<IdempotencyRecord>>,
    pub(crate) events: Vec<Event>,
    /// The units that open order lines hold, updated with every change of an order.
    pub(crate) reserved: HashMap<Sku, i64>,
}

/// Adds the units that the lines of an order hold, or takes them away if `sign` is -1.
fn count_reserved(reserved: &mut HashMap<Sku, i64>, order: &Order, sign: i64) {
    for line in &order.lines {
        let held = i64::from(line.quantity) - i64::from(line.cancelled) - i64::from(line.shipped);
        *reserved.entry(line.sku.clone()).or_default() += sign * held;
    }
}

impl Ledger {
    /// Takes in the changes of an accepted command.
    pub(crate) fn apply(&mut self, timed: TimedCommand<'_>, changes: &Changes) {
        for item in &changes.items {
            self.items.insert(item.sku.clone(), Arc::new(item.clone()));
        }
        for stock in &changes.stocks {
            self.stocks.insert(stock.sku.clone(), Arc::new(stock.clone()));
        }
        for cart in &changes.carts {
            self.carts.insert(cart.id, Arc::new(cart.clone()));
        }
        for id in &changes.deleted_carts {
            self.carts.remove(id);
        }
        for order in &changes.orders {
            if let Some(before) = self.orders.insert(order.id, Arc::clone(order)) {
                count_reserved(&mut self.reserved, &before, -1);
            }
            count_reserved(&mut self.reserved, order, 1);
            if let Some(reference) = &order.reference {
                self.references.insert(reference.clone(), order.id);
            }
        }
        for key in &changes.api_keys {
            self.api_keys.insert(key.id, Arc::new(key.clone()));
        }
        if let Some(record) = &changes.idempotency {
            self.idempotency.insert(record.digest, Arc::new(record.clone()));
        }
        for digest in &changes.deleted_keys {
            self.idempotency.remove(digest);
        }
        for draft in &changes.events {
            let (sequence, actor) = (self.events.len() as u64 + 1, timed.command.caller.actor.clone());
            let (order_id, sku, fact) = (draft.order_id, draft.sku.clone(), draft.fact.clone());
            self.events.push(Event { sequence, at: timed.now, actor, order_id, sku, fact });
        }
    }

    /// Counts the units that open order lines hold anew, and compares them with the updated count
    /// and with the stock.
    pub(crate) fn check_reserved(&self) -> Checked {
        let mut counted = HashMap::new();
        self.orders.values().for_each(|order| count_reserved(&mut counted, order, 1));
        for (sku, stock) in &self.stocks {
            let open = counted.get(sku).copied().unwrap_or(0);
            let kept = self.reserved.get(sku).copied().unwrap_or(0);
            ensure(open == kept && open == i64::from(stock.reserved), || {
                format!("{sku}: open lines hold {open}, updated count {kept}, reserved {}", stock.reserved)
            })?;
        }
        Ok(())
    }
}

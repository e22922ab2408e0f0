//! Is every row as the model has it, both as the engine loads it and as the queries read it?

use std::collections::BTreeSet;

use earmark_core::text::Reference;
use earmark_core::{Keys, Timestamp, WorkingSet};
use earmark_store::{ItemFilter, OrderFilter};

use crate::harness::{ALL, Harness};

impl Harness {
    /// Compares every row with the model, as loaded and as read.
    pub(crate) fn check(&mut self) {
        self.check_loaded();
        self.check_read();
        self.check_nothing_else();
        let limit = self.model.events.len() + 1;
        let events = self.read(|queries| queries.list_events(0, None, limit));
        assert!(!events.more, "no more events than were written");
        assert_eq!(events.rows.len(), self.model.events.len(), "as many events as were written");
        for (found, event) in events.rows.iter().zip(&self.model.events) {
            assert_eq!(*found, self.model.recorded(event), "an event as written");
        }
    }

    fn check_loaded(&mut self) {
        let model = &self.model;
        let references = model.orders.values().filter_map(|order| order.reference.clone());
        let unknown = Reference::parse("no-such-reference").expect("a reference");
        let keys = Keys {
            items: model.items.keys().cloned().collect(),
            carts: model.carts.keys().copied().collect(),
            orders: model.orders.keys().copied().collect(),
            references: references.chain([unknown.clone()]).collect(),
            api_keys: model.api_keys.keys().copied().collect(),
            idempotency: model.idempotency.keys().copied().collect(),
        };
        let mut rows = WorkingSet::default();
        self.engine.begin(&keys, &mut rows, &mut ()).expect("a transaction can begin");
        self.engine.rollback();
        assert_eq!(rows.last_sequence, model.events.len() as u64, "the number of the last event");
        assert_eq!(rows.last_event_at, model.last_event_at(), "the time of the last event");
        for (sku, item) in &model.items {
            assert_eq!(rows.items.find(sku), Some(item), "item {sku} as loaded");
            assert_eq!(rows.stocks.find(sku), model.stocks.get(sku), "stock {sku} as loaded");
        }
        for (id, cart) in &model.carts {
            assert_eq!(rows.carts.find(id), Some(cart), "cart as loaded");
        }
        for (id, order) in &model.orders {
            assert_eq!(rows.orders.find(id), Some(order), "order as loaded");
            if let Some(reference) = &order.reference {
                assert_eq!(
                    rows.references.find(reference).map(|id| **id),
                    Some(*id),
                    "{reference} as loaded"
                );
            }
        }
        assert_eq!(rows.references.find(&unknown), None, "a reference that no order has");
        for (id, key) in &model.api_keys {
            assert!(rows.api_keys.find(id) == Some(key), "API key {id} as loaded");
        }
        for (digest, record) in &model.idempotency {
            assert_eq!(rows.idempotency.find(digest), Some(record), "idempotency key as loaded");
        }
    }

    fn check_read(&self) {
        for sku in self.model.items.keys() {
            let found = self.read(|queries| queries.find_item(sku));
            assert_eq!(found, Some(self.model.stocked(sku)), "item {sku} as read");
        }
        for (id, cart) in &self.model.carts {
            let found = self.read(|queries| queries.find_cart(*id));
            assert_eq!(found, Some(self.model.priced(cart)), "cart {id} as read");
        }
        for (id, order) in &self.model.orders {
            let found = self.read(|queries| queries.find_order(*id));
            assert_eq!(found.as_ref(), Some(&**order), "order {id} as read");
            for payment in &order.payments {
                let found = self.read(|queries| queries.find_order_of_payment(payment.id));
                assert_eq!(found.map(|order| order.id), Some(*id), "the order of payment {}", payment.id);
            }
        }
        for (id, key) in &self.model.api_keys {
            let found = self.read(|queries| queries.find_api_key(*id));
            assert!(found.as_ref() == Some(&**key), "API key {id} as read");
        }
    }

    /// Whatever is listed is in the model, so nothing of a refused batch stays behind.
    fn check_nothing_else(&self) {
        let (items, orders) = (ItemFilter::default(), OrderFilter::default());
        let items = self.read(|queries| queries.list_items(&items, ALL)).rows;
        assert!(
            items.iter().map(|item| &item.item.sku).eq(self.model.items.keys()),
            "these items and no others"
        );
        let orders = self.read(|queries| queries.list_orders(&orders, ALL)).rows;
        let ids = orders.iter().map(|order| &order.id);
        assert!(ids.eq(self.model.orders.keys().rev()), "these orders and no others");
        let keys = self.read(|queries| queries.list_api_keys(None, ALL)).rows;
        assert!(
            keys.iter().map(|key| &key.id).eq(self.model.api_keys.keys()),
            "these API keys and no others"
        );
        let carts = self.read(|queries| queries.list_due_carts(Timestamp(i64::MAX), ALL));
        let carts: BTreeSet<_> = carts.iter().collect();
        assert!(carts.into_iter().eq(self.model.carts.keys()), "these carts and no others");
        let digests: BTreeSet<_> = self.sweep(Timestamp(i64::MAX), ALL).into_iter().collect();
        assert!(digests.iter().eq(self.model.idempotency.keys()), "these idempotency keys and no others");
    }
}

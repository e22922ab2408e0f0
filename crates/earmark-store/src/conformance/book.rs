//! How is an engine driven without the writer? As the writer does, command by command, with a model that follows.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use earmark_core::text::Reference;
use earmark_core::{Answer, BatchChanges, Command, Keys, Rejection, Timestamp, WorkingSet, decide, needs};
use tokio::runtime::Runtime;

use super::Fixture;
use super::due::sweep;
use super::model::Model;
use crate::simulation::Simulation;
use crate::{Engine, ItemFilter, OrderFilter, Pace, Queries, StoreError, VerifyReport};

/// More rows than any case makes.
pub(super) const ALL: usize = 1_000_000;

/// What came of a command.
pub(super) type Verdict = Result<Answer, Rejection>;

/// A store and what should be in it.
pub(super) struct Book {
    pub(super) engine: Box<dyn Engine>,
    pub(super) queries: Arc<dyn Queries>,
    pub(super) model: Model,
    pub(super) now: Timestamp,
    runtime: Runtime,
}

/// A runtime for one case.
pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

impl Book {
    /// The book of a fresh store.
    pub(super) fn open(fixture: Fixture) -> Self {
        let (Fixture { engine, queries }, model) = (fixture, Model::default());
        Self { engine, queries, model, now: Timestamp(1_790_000_000_000_000), runtime: runtime() }
    }

    /// Asks the read side.
    pub(super) fn ask<'a, T, F>(&'a self, question: impl FnOnce(&'a dyn Queries) -> F) -> T
    where
        F: Future<Output = Result<T, StoreError>> + 'a,
    {
        self.runtime.block_on(question(&*self.queries)).expect("the read side answers")
    }

    /// What the audit says.
    pub(super) fn audit(&self) -> VerifyReport {
        self.runtime.block_on(self.queries.verify()).expect("the read side answers")
    }

    /// Decides a batch in a transaction that is left open.
    pub(super) fn prepare(&mut self, batch: &[(Command, Timestamp)]) -> (BatchChanges, Vec<Verdict>) {
        let mut rows = WorkingSet::default();
        // All that the first command names comes in with the turn, what the others name is loaded.
        let mut keys = Keys::default();
        batch.iter().take(1).for_each(|(command, _)| needs(command, &rows, &mut keys));
        self.engine.begin(&keys, &mut rows, &mut ()).expect("a transaction can begin");
        assert_eq!(rows.last_sequence, self.model.events.len() as u64, "the number of the last event");
        assert_eq!(rows.last_event_at, self.model.last_event_at(), "the time of the last event");
        let mut verdicts = Vec::with_capacity(batch.len());
        for (command, now) in batch {
            self.load_for(command, &mut rows);
            verdicts.push(decide(&rows, command, *now).map(|(answer, changes)| {
                rows.absorb(changes, &command.caller.actor, *now);
                answer
            }));
        }
        (rows.take_changes(), verdicts)
    }

    fn load_for(&mut self, command: &Command, rows: &mut WorkingSet) {
        for _ in 0..=3 {
            let mut keys = Keys::default();
            needs(command, rows, &mut keys);
            if keys.is_empty() {
                return;
            }
            self.engine.load(&keys, rows).expect("rows can be loaded");
        }
        panic!("three rounds of loading were not enough: a row that was named was not put in");
    }

    /// Carries a batch out.
    pub(super) fn run_batch(&mut self, batch: &[(Command, Timestamp)]) -> Vec<Verdict> {
        let (changes, verdicts) = self.prepare(batch);
        if changes.is_empty() {
            self.engine.rollback();
        } else {
            self.engine.commit(&changes, &mut ()).expect("a batch can be committed");
            self.model.apply(&changes);
        }
        verdicts
    }

    /// Carries a command out, a second after the one before.
    pub(super) fn run(&mut self, command: Command) -> Verdict {
        self.now = Timestamp(self.now.0 + 1_000_000);
        self.run_batch(&[(command, self.now)]).remove(0)
    }

    /// Carries out what cannot be refused.
    pub(super) fn must(&mut self, command: Command) -> Answer {
        self.run(command).expect("the command is right")
    }

    /// Carries out so many random commands, in batches of random size.
    pub(super) fn simulate(&mut self, seed: u64, commands: usize) {
        let mut simulation = Simulation::new(seed);
        let mut left = commands;
        while left > 0 {
            let size = left.min(simulation.random().place(40).expect("not empty") + 1);
            left -= size;
            let batch: Vec<_> = (0..size).map(|_| simulation.next_command()).collect();
            let verdicts = self.run_batch(&batch);
            for ((command, _), verdict) in batch.iter().zip(&verdicts) {
                simulation.learn(command, verdict);
            }
            if simulation.random().percent(10) {
                self.engine.maintain(Pace::Idle).expect("housekeeping works");
            }
        }
        self.now = simulation.now();
    }

    /// Commits what a case has made up, and undoes it if the engine refuses.
    pub(super) fn try_commit(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let committed = self.engine.commit(changes, &mut ());
        match committed {
            Ok(()) => self.model.apply(changes),
            Err(_) => self.engine.rollback(),
        }
        committed
    }

    /// Holds every row, as loaded and as read, against the model.
    pub(super) fn check(&mut self) {
        self.check_loaded();
        self.check_read();
        self.check_nothing_else();
        let limit = self.model.events.len() + 1;
        let events = self.ask(|queries| queries.list_events(0, None, limit));
        assert!(!events.more, "more events than were written");
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
        assert_eq!(rows.references.find(&unknown), None, "a reference that nobody has");
        for (id, key) in &model.api_keys {
            assert!(rows.api_keys.find(id) == Some(key), "API key {id} as loaded");
        }
        for (digest, record) in &model.idempotency {
            assert_eq!(rows.idempotency.find(digest), Some(record), "idempotency key as loaded");
        }
    }

    fn check_read(&self) {
        for sku in self.model.items.keys() {
            let found = self.ask(|queries| queries.find_item(sku));
            assert_eq!(found, Some(self.model.stocked(sku)), "item {sku} as read");
        }
        for (id, cart) in &self.model.carts {
            let found = self.ask(|queries| queries.find_cart(*id));
            assert_eq!(found, Some(self.model.priced(cart)), "cart {id} as read");
        }
        for (id, order) in &self.model.orders {
            let found = self.ask(|queries| queries.find_order(*id));
            assert_eq!(found.as_ref(), Some(&**order), "order {id} as read");
            for payment in &order.payments {
                let found = self.ask(|queries| queries.find_order_of_payment(payment.id));
                assert_eq!(found.map(|order| order.id), Some(*id), "the order of payment {}", payment.id);
            }
        }
        for (id, key) in &self.model.api_keys {
            let found = self.ask(|queries| queries.find_api_key(*id));
            assert!(found.as_ref() == Some(&**key), "API key {id} as read");
        }
    }

    /// Whatever is listed is in the model: nothing of a refused batch stays behind.
    fn check_nothing_else(&self) {
        let (items, orders) = (ItemFilter::default(), OrderFilter::default());
        let items = self.ask(|queries| queries.list_items(&items, ALL)).rows;
        assert!(
            items.iter().map(|item| &item.item.sku).eq(self.model.items.keys()),
            "these items and no others"
        );
        let orders = self.ask(|queries| queries.list_orders(&orders, ALL)).rows;
        let ids = orders.iter().map(|order| &order.id);
        assert!(ids.eq(self.model.orders.keys().rev()), "these orders and no others");
        let keys = self.ask(|queries| queries.list_api_keys(None, ALL)).rows;
        assert!(
            keys.iter().map(|key| &key.id).eq(self.model.api_keys.keys()),
            "these API keys and no others"
        );
        let carts = self.ask(|queries| queries.list_due_carts(Timestamp(i64::MAX), ALL));
        let carts: BTreeSet<_> = carts.iter().collect();
        assert!(carts.into_iter().eq(self.model.carts.keys()), "these carts and no others");
        let digests: BTreeSet<_> = sweep(self, Timestamp(i64::MAX), ALL).into_iter().collect();
        assert!(digests.iter().eq(self.model.idempotency.keys()), "these idempotency keys and no others");
    }
}

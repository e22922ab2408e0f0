//! How does a case drive an engine without the writer? As the writer does, batch by batch, while a
//! model follows every commit.
//!
//! Invariant: the model is the store as it should be. [`Harness::check`] compares every row with
//! it, both as loaded by the engine and as read by the queries. Read next: `model.rs`.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use earmark_core::text::Reference;
use earmark_core::{Answer, BatchChanges, Command, Keys, Rejection, Timestamp, WorkingSet, decide, needs};
use earmark_store::{AuditReport, Engine, ItemFilter, OrderFilter, Pace, Queries, StoreError};
use tokio::runtime::Runtime;

use crate::fixture::Fixture;
use crate::model::Model;
use crate::simulation::{BEGINNING, Simulation};

/// A limit of a list that no case reaches.
pub(crate) const ALL: usize = 1_000_000;

/// What is decided about a command.
pub(crate) type Decided = Result<Answer, Rejection>;

/// A store under test, and the model of what should be in it.
pub(crate) struct Harness {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) model: Model,
    /// When the last command was decided.
    pub(crate) now: Timestamp,
    runtime: Runtime,
}

/// A runtime for one case.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

impl Harness {
    /// The harness of an empty store.
    pub(crate) fn new(fixture: Fixture) -> Self {
        let Fixture { engine, queries } = fixture;
        Self { engine, queries, model: Model::default(), now: BEGINNING, runtime: runtime() }
    }

    /// Reads something that must not fail to be read.
    pub(crate) fn read<'a, T, F>(&'a self, question: impl FnOnce(&'a dyn Queries) -> F) -> T
    where
        F: Future<Output = Result<T, StoreError>> + 'a,
    {
        self.runtime.block_on(question(&*self.queries)).expect("the read side answers")
    }

    /// Has the store verify its own data.
    pub(crate) fn verify(&self) -> AuditReport {
        self.read(Queries::audit)
    }

    /// Begins a transaction that nothing is loaded in.
    pub(crate) fn begin(&mut self) {
        let mut rows = WorkingSet::default();
        self.engine.begin(&Keys::default(), &mut rows, &mut ()).expect("a transaction can begin");
    }

    /// Decides a batch in a transaction that is left open.
    pub(crate) fn prepare(&mut self, batch: &[(Command, Timestamp)]) -> (BatchChanges, Vec<Decided>) {
        let mut rows = WorkingSet::default();
        // The rows of the first command are loaded by `begin`, those of the others by `load`.
        let mut keys = Keys::default();
        batch.iter().take(1).for_each(|(command, _)| needs(command, &rows, &mut keys));
        self.engine.begin(&keys, &mut rows, &mut ()).expect("a transaction can begin");
        assert_eq!(rows.last_sequence, self.model.events.len() as u64, "the number of the last event");
        assert_eq!(rows.last_event_at, self.model.last_event_at(), "the time of the last event");
        let mut all_decided = Vec::with_capacity(batch.len());
        for (command, now) in batch {
            self.load_for(command, &mut rows);
            all_decided.push(decide(&rows, command, *now).map(|(answer, changes)| {
                rows.absorb(changes, &command.caller.actor, *now);
                answer
            }));
        }
        (rows.take_changes(), all_decided)
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
        panic!("a command still needs rows after three rounds of loading: one was named and not put in");
    }

    /// Decides a batch and commits it.
    pub(crate) fn run_batch(&mut self, batch: &[(Command, Timestamp)]) -> Vec<Decided> {
        let (changes, decided) = self.prepare(batch);
        if changes.is_empty() {
            self.engine.rollback();
        } else {
            self.engine.commit(&changes, &mut ()).expect("a batch can be committed");
            self.model.apply(&changes);
        }
        decided
    }

    /// Runs commands as one batch, at the time of the last one; none may be rejected.
    pub(crate) fn must_run_batch(&mut self, commands: impl IntoIterator<Item = Command>) {
        let batch: Vec<_> = commands.into_iter().map(|command| (command, self.now)).collect();
        assert!(self.run_batch(&batch).iter().all(Result::is_ok), "the commands are right");
    }

    /// Runs one command, a second after the one before.
    pub(crate) fn run(&mut self, command: Command) -> Decided {
        self.now = Timestamp(self.now.0 + 1_000_000);
        self.run_batch(&[(command, self.now)]).remove(0)
    }

    /// Runs a command that must not be rejected.
    pub(crate) fn must(&mut self, command: Command) -> Answer {
        self.run(command).expect("the command is right")
    }

    /// Runs so many random commands of this seed, in batches of random size.
    pub(crate) fn simulate(&mut self, seed: u64, commands: usize) {
        let mut simulation = Simulation::new(seed);
        let mut left = commands;
        while left > 0 {
            let batch = simulation.next_batch(left.min(40));
            left -= batch.len();
            let decided = self.run_batch(&batch);
            for ((command, _), decided) in batch.iter().zip(&decided) {
                simulation.learn(command, decided);
            }
            if simulation.random().percent(10) {
                self.engine.maintain(Pace::Idle).expect("maintenance works");
            }
        }
        self.now = simulation.now();
    }

    /// Commits changes that a case has made itself, and rolls back if the engine refuses them.
    pub(crate) fn try_commit(&mut self, changes: &BatchChanges) -> Result<(), StoreError> {
        let committed = self.engine.commit(changes, &mut ());
        match committed {
            Ok(()) => self.model.apply(changes),
            Err(_) => self.engine.rollback(),
        }
        committed
    }

    /// Every idempotency key made before this time, found by a sweep in steps of `limit` keys.
    pub(crate) fn sweep(&self, made_before: Timestamp, limit: usize) -> Vec<[u8; 16]> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let step = self.read(|queries| queries.sweep_idempotency_keys(after, made_before, limit));
            assert!(step.expired.len() <= limit, "at most {limit} keys");
            found.extend(step.expired);
            assert!(step.next.is_none() || step.next != after, "the sweep goes on");
            after = step.next;
            if after.is_none() {
                return found;
            }
        }
    }

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

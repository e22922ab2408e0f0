//! A shop on a database of its own, driven through the engine as the writer drives it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "tests; each file uses a part of it"
)]

use std::sync::Arc;

use earmark_cluster::{Cluster, ClusterOptions};
use earmark_conformance::simulation::Simulation;
use earmark_core::ids::{AdjustmentId, OrderId};
use earmark_core::items::{AdjustmentReason, adjust::AdjustStock, adjust::StockChange, put::PutItem};
use earmark_core::orders::Units;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::text::{CustomerId, Metadata, Name, Sku};
use earmark_core::{
    Action, BatchChanges, Caller, Command, Keys, Money, Span, Timestamp, WorkingSet, decide, needs,
};
use earmark_postgres::{DatabaseUrl, PostgresEngine, PostgresOptions, PostgresQueries, open};
use earmark_store::{Clock, Engine, Overlap, Store, StoreError, StoreOptions};

/// A server whose databases are thrown away with it, so nothing need be synced.
pub(crate) fn cluster() -> Cluster {
    Cluster::start_with(ClusterOptions::unsynced()).unwrap()
}

pub(crate) fn parse(url: &str) -> DatabaseUrl {
    DatabaseUrl::parse(url).unwrap()
}

/// The name of the database in a URL.
pub(crate) fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

pub(crate) fn node(url: &str) -> (PostgresEngine, PostgresQueries) {
    open(&parse(url), PostgresOptions::default()).unwrap()
}

/// A runtime for one test.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs so many random commands on a database, through a writer that has ended afterwards.
pub(crate) fn fill(url: &str, commands: usize) {
    let (engine, queries) = node(url);
    let clock = Clock::manual(Timestamp(0));
    let options = StoreOptions { clock: clock.clone(), ..StoreOptions::default() };
    let (store, ended) = Store::start(Box::new(engine), Arc::new(queries), options);
    let mut simulation = Simulation::new(7);
    let runtime = runtime();
    for _ in 0..commands {
        let (command, at) = simulation.next_command();
        clock.set(at);
        let verdict = runtime.block_on(store.submit(command.clone())).unwrap();
        simulation.learn(&command, &verdict);
    }
    drop(store);
    runtime.block_on(ended).unwrap().unwrap();
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).unwrap()
}

pub(crate) fn command(action: Action) -> Command {
    Command::new(Caller::OPERATOR, action)
}

pub(crate) fn put(text: &str) -> Command {
    command(Action::PutItem(PutItem {
        sku: sku(text),
        name: Name::parse("thing").unwrap(),
        unit_price: Money::parse(100).unwrap(),
        description: None,
        active: None,
        image_url: None,
        metadata: None,
    }))
}

pub(crate) fn adjust(text: &str, delta: i64) -> Command {
    let change = StockChange::By(delta);
    let reason = AdjustmentReason::Received;
    command(Action::AdjustStock(AdjustStock {
        id: AdjustmentId(1),
        sku: sku(text),
        change,
        reason,
        note: None,
    }))
}

pub(crate) fn place(id: u128, text: &str, quantity: u32) -> Command {
    command(Action::PlaceOrder(PlaceOrder {
        id: OrderId(id),
        source: Source::Lines {
            lines: vec![Units { sku: sku(text), quantity }],
            customer_id: CustomerId::parse("customer").ok(),
        },
        expected_total: None,
        confirm: Confirm::Now,
        reference: None,
        shipping_address: None,
        metadata: Metadata::default(),
        reservation_ttl: Span::from_seconds(60),
    }))
}

/// Decides commands in a transaction that is left open.
pub(crate) fn prepare(engine: &mut dyn Engine, commands: &[Command]) -> Result<BatchChanges, StoreError> {
    let mut rows = WorkingSet::default();
    let mut keys = Keys::default();
    commands.iter().take(1).for_each(|command| needs(command, &rows, &mut keys));
    engine.begin(&keys, &mut rows, &mut ())?;
    for command in commands {
        loop {
            let mut keys = Keys::default();
            needs(command, &rows, &mut keys);
            if keys.is_empty() {
                break;
            }
            engine.load(&keys, &mut rows)?;
        }
        let (_, changes) = decide(&rows, command, Timestamp(1)).expect("the command is right");
        rows.absorb(changes, &command.caller.actor, Timestamp(1));
    }
    Ok(rows.take_changes())
}

/// What the writer does while a batch is committed: a next batch waits, which needs these rows.
pub(crate) struct Follower(pub(crate) Keys);

impl Overlap for Follower {
    fn next_batch(&mut self) -> Option<Keys> {
        Some(self.0.clone())
    }
}

/// Waits until a session waits for a lock, for as long as a failure may take.
pub(crate) fn wait_for_a_waiter(cluster: &Cluster) {
    let waiting = || cluster.query("SELECT count(*) FROM pg_locks WHERE NOT granted").unwrap();
    assert!((0..1_000).any(|_| waiting() != "0"), "no session waits for a lock");
}

/// A rule that placing an order breaks, and that only COMMIT finds broken.
pub(crate) const REFUSE_ORDERS_AT_COMMIT: &str = "SET ROLE earmark; CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN RAISE unique_violation; END'; CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION refuse()";

/// The same as [`run`], and the next batch, which needs the same rows, is begun behind the commit.
pub(crate) fn run_and_go_on(engine: &mut dyn Engine, commands: &[Command]) -> Result<(), StoreError> {
    let mut keys = Keys::default();
    commands.iter().for_each(|command| needs(command, &WorkingSet::default(), &mut keys));
    let changes = prepare(engine, commands);
    let done = changes.and_then(|changes| engine.commit(&changes, &mut Follower(keys)));
    if done.is_err() {
        engine.rollback();
    }
    done
}

/// Runs commands as one batch; rolls it back if the engine refuses it.
pub(crate) fn run(engine: &mut dyn Engine, commands: &[Command]) -> Result<(), StoreError> {
    let done = prepare(engine, commands).and_then(|changes| engine.commit(&changes, &mut ()));
    if done.is_err() {
        engine.rollback();
    }
    done
}

/// Units on hand and reserved, as `on_hand|reserved`.
pub(crate) fn counters(cluster: &Cluster, url: &str, text: &str) -> String {
    cluster
        .query_in(name(url), &format!("SELECT on_hand, reserved FROM stocks WHERE sku = '{text}'"))
        .unwrap()
}

//! Do several nodes on one database keep their batches apart, whatever happens to one of them?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use common::{
    Follower, REFUSE_ORDERS_AT_COMMIT, adjust, cluster, counters, name, node, parse, place, prepare, put,
    run, run_and_go_on, runtime, sku, wait_for_a_waiter,
};
use earmark_cluster::{Cluster, CommitCut, TcpProxy};
use earmark_core::{Keys, WorkingSet};
use earmark_postgres::{PostgresEngine, PostgresOptions, Protections, open};
use earmark_store::{Engine, Overlap, Store, StoreError, StoreOptions};

fn with(url: &str, protections: Protections) -> PostgresEngine {
    let options = PostgresOptions { protections, ..PostgresOptions::default() };
    open(&parse(url), options).unwrap().0
}

#[test]
fn a_node_that_stands_still_in_its_turn_loses_it_and_what_it_held() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (mut still, mut other) = (node(&url).0, node(&url).0);
    run(&mut still, &[put("A"), adjust("A", 10)]).unwrap();
    let held = prepare(&mut still, &[place(1, "A", 3)]).unwrap();
    let waited = Instant::now();
    run(&mut other, &[place(2, "A", 2)]).unwrap();
    let waited = waited.elapsed();
    assert!(waited > Duration::from_secs(1), "it had to wait for its turn: {waited:?}");
    // Twice what the contract allows, for slow machines; `prove stalled-node` prints the time
    // itself.
    assert!(waited < Duration::from_secs(10), "and got it: {waited:?}");
    let late = still.commit(&held, &mut ()).unwrap_err();
    assert!(matches!(late, StoreError::Unavailable(_) | StoreError::Conflict(_)), "{late}");
    still.rollback();
    assert_eq!(counters(&cluster, &url, "A"), "10|2", "what it held was not written");
    run(&mut still, &[place(3, "A", 1)]).unwrap();
    assert_eq!(counters(&cluster, &url, "A"), "10|3", "it goes on by itself");
}

/// Two nodes decide on the same rows at the same time. Gives what becomes of the second node's
/// batch, and the counters afterwards.
fn overtaken(cluster: &Cluster, protections: Protections) -> (Result<(), StoreError>, String) {
    let url = cluster.create_database().unwrap();
    let (mut first, mut second) = (with(&url, protections), with(&url, protections));
    run(&mut first, &[put("A")]).unwrap();
    run(&mut first, &[adjust("A", 3)]).unwrap();
    let earlier = prepare(&mut first, &[place(1, "A", 2)]).unwrap();
    let later = prepare(&mut second, &[place(2, "A", 2)]).unwrap();
    first.commit(&earlier, &mut ()).unwrap();
    let outcome = second.commit(&later, &mut ());
    second.rollback();
    (outcome, counters(cluster, &url, "A"))
}

#[test]
fn without_turns_versions_keep_nodes_apart() {
    let without_turns = Protections { turns: false, ..Protections::default() };
    let (outcome, counters) = overtaken(&cluster(), without_turns);
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{outcome:?}");
    assert_eq!(counters, "3|2");
}

/// The control of the test above: with both protections off it must come out wrong.
#[test]
fn without_turns_and_versions_stock_is_sold_twice() {
    let cluster = cluster();
    let without_both =
        Protections { turns: false, versions: false, event_numbers: false, ..Protections::default() };
    let (outcome, counters) = overtaken(&cluster, without_both);
    outcome.expect("nothing refuses it");
    assert_eq!(counters, "3|2", "four units were promised, two are reserved");
    let orders = cluster.query_in("earmark_1", "SELECT sum(quantity) FROM order_lines").unwrap();
    assert_eq!(orders, "4");
}

#[test]
fn a_node_that_always_begins_ahead_lets_others_have_their_turn() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (mut busy, mut other) = (node(&url).0, node(&url).0);
    run(&mut busy, &[put("A"), put("B"), adjust("B", 100)]).unwrap();
    let over = AtomicBool::new(false);
    let waited = std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                run_and_go_on(&mut busy, &[adjust("A", 1)]).unwrap();
            }
            busy.rollback();
        });
        let turns = (1..=20).map(|id| {
            std::thread::sleep(Duration::from_millis(20));
            let requested = Instant::now();
            run(&mut other, &[place(id, "B", 1)]).map(|()| requested.elapsed())
        });
        let waited: Result<Vec<_>, _> = turns.collect();
        over.store(true, Ordering::Relaxed);
        working.join().unwrap();
        waited
    });
    let longest = waited.unwrap().into_iter().max().unwrap();
    assert!(longest < Duration::from_secs(1), "it had to wait for {longest:?}");
    assert_eq!(counters(&cluster, &url, "B"), "100|20");
}

/// How many sessions of nodes are within a transaction and have nothing to do.
fn open_transactions(cluster: &Cluster, url: &str) -> String {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'earmark' AND state LIKE 'idle in transaction%'";
    cluster.query_in(name(url), sql).unwrap()
}

#[test]
fn a_node_without_customers_holds_no_turn() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (engine, queries) = node(&url);
    let (store, ended) = Store::start(Box::new(engine), Arc::new(queries), StoreOptions::default());
    let runtime = runtime();
    for text in ["A", "B"] {
        runtime.block_on(store.submit(put(text))).unwrap().unwrap();
    }
    for round in 0..20_u128 {
        let customers: Vec<_> = (0..24)
            .map(|number| {
                let store = store.clone();
                runtime.spawn(async move {
                    for _ in 0..=number % 5 {
                        store
                            .submit(adjust(if number % 2 == 0 { "A" } else { "B" }, 1))
                            .await
                            .unwrap()
                            .unwrap();
                    }
                })
            })
            .collect();
        customers.into_iter().for_each(|customer| runtime.block_on(customer).unwrap());
        assert_eq!(open_transactions(&cluster, &url), "0", "round {round}");
    }
    let batches = store.stats().batches;
    drop(store);
    runtime.block_on(ended).unwrap().unwrap();
    assert!(batches > 20, "batches followed each other");
    // The control: a batch that is not ended is seen.
    let mut still = node(&url).0;
    prepare(&mut still, &[adjust("A", 1)]).unwrap();
    assert_eq!(open_transactions(&cluster, &url), "1");
    still.rollback();
}

#[test]
fn what_was_begun_behind_a_commit_that_failed_is_undone() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (mut engine, mut other) = (node(&url).0, node(&url).0);
    run(&mut engine, &[put("A"), adjust("A", 5)]).unwrap();
    cluster.query_in(name(&url), REFUSE_ORDERS_AT_COMMIT).unwrap();
    let changes = prepare(&mut engine, &[place(1, "A", 1)]).unwrap();
    let refused = engine.commit(&changes, &mut Follower(Keys::default())).unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    assert_eq!(open_transactions(&cluster, &url), "1", "the next one has begun");
    engine.rollback();
    assert_eq!(open_transactions(&cluster, &url), "0");
    run(&mut other, &[adjust("A", 1)]).unwrap();
    run(&mut engine, &[adjust("A", 1)]).unwrap();
    assert_eq!(counters(&cluster, &url, "A"), "7|0");
}

/// Reports when answers are to be sent.
struct Answering(mpsc::Sender<()>);

impl Overlap for Answering {
    fn send_answers(&mut self) {
        let _ = self.0.send(());
    }
}

/// Whether answers are to be sent while this is not done yet.
fn answers_while(work: impl FnOnce(&mut Answering) + Send) -> bool {
    let (sender, signals) = mpsc::channel();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (is_done, mut answering) = (&is_done, Answering(sender));
        scope.spawn(move || {
            work(&mut answering);
            is_done.store(true, Ordering::SeqCst);
        });
        signals.recv().is_ok() && !is_done.load(Ordering::SeqCst)
    })
}

#[test]
fn answers_that_are_due_do_not_wait_for_a_turn() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    run(&mut engine, &[put("A")]).unwrap();
    run(&mut engine, &[adjust("A", 1)]).unwrap();
    let changes = prepare(&mut engine, &[adjust("A", 1)]).unwrap();
    std::thread::scope(|scope| {
        // Waits for the stream before the next turn is requested, and is slow.
        let lock = "BEGIN; LOCK TABLE streams IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT";
        scope.spawn(|| cluster.query_in(name(&url), lock).unwrap());
        wait_for_a_waiter(&cluster);
        let mut keys = Keys::default();
        keys.items.insert(sku("A"));
        engine.commit(&changes, &mut Follower(keys.clone())).unwrap();
        let mut rows = WorkingSet::default();
        assert!(answers_while(|answering| engine.begin(&keys, &mut rows, answering).unwrap()));
        assert_eq!(rows.stocks.find(&sku("A")).unwrap().on_hand, 2);
    });
    engine.rollback();
}

/// Notes whether the server is in the middle of a save when answers are to be sent.
struct AnsweringDuringSave<'a>(&'a Cluster, Option<bool>);

impl Overlap for AnsweringDuringSave<'_> {
    fn send_answers(&mut self) {
        let sleeps = || self.0.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        let seen = (0..50).any(|_| sleeps().unwrap() == "1");
        self.1.get_or_insert(seen);
    }
}

#[test]
fn answers_that_are_due_are_sent_while_the_database_saves() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    run(&mut engine, &[put("A"), adjust("A", 5)]).unwrap();
    // Prepares the statements: while that takes more than a moment, answers are sent as well.
    run(&mut engine, &[place(1, "A", 1)]).unwrap();
    let slow = "SET ROLE earmark; CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
        'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'; CREATE TRIGGER wait AFTER INSERT ON orders EXECUTE FUNCTION wait()";
    cluster.query_in(name(&url), slow).unwrap();
    let changes = prepare(&mut engine, &[place(2, "A", 1)]).unwrap();
    let mut answering = AnsweringDuringSave(&cluster, None);
    engine.commit(&changes, &mut answering).unwrap();
    assert_eq!(answering.1, Some(true));
    assert_eq!(counters(&cluster, &url, "A"), "5|2");
}

#[test]
fn rows_that_come_with_the_turn_are_as_the_turn_before_left_them() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (mut first, mut second) = (node(&url).0, node(&url).0);
    run(&mut first, &[put("A")]).unwrap();
    for expected in 1..=20 {
        let held = prepare(&mut first, &[adjust("A", 1)]).unwrap();
        let (mut keys, mut rows) = (Keys::default(), WorkingSet::default());
        keys.items.insert(sku("A"));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| second.begin(&keys, &mut rows, &mut ()).unwrap());
            // Its turn is requested long before the commit that it waits for.
            std::thread::sleep(Duration::from_millis(20));
            first.commit(&held, &mut ()).unwrap();
            waiting.join().unwrap();
        });
        assert_eq!(rows.stocks.find(&sku("A")).unwrap().on_hand, expected);
        second.rollback();
    }
}

/// A node whose database is behind a proxy.
fn behind(cluster: &Cluster, proxy: &TcpProxy, database: &str) -> PostgresEngine {
    let url = cluster.url_at(&proxy.address().to_string(), database);
    open(&parse(&format!("{url}?sslmode=disable")), PostgresOptions::default()).unwrap().0
}

#[test]
fn a_commit_without_an_answer_is_looked_up_and_never_guessed() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let proxy = TcpProxy::start(cluster.port()).unwrap();
    let mut engine = behind(&cluster, &proxy, name(&url));
    run(&mut engine, &[put("A"), adjust("A", 100)]).unwrap();
    let mut reserved = 0;
    for round in 0..4 {
        for (cut, happens) in [
            (CommitCut::AfterAnswer, true),
            (CommitCut::Underway { hold: Duration::from_millis(300) }, true),
            (CommitCut::NotSent, false),
        ] {
            proxy.cut_next_commit(cut);
            let order = place(u128::from(proxy.commits_cut()) + 1, "A", 1);
            // With the next turn requested behind the COMMIT, and without.
            let outcome = if round % 2 == 0 {
                run_and_go_on(&mut engine, &[order])
            } else {
                run(&mut engine, &[order])
            };
            if happens {
                outcome.unwrap_or_else(|error| panic!("round {round}, {cut:?}: it happened, not: {error}"));
                reserved += 1;
            } else {
                let again = matches!(outcome, Err(StoreError::Conflict(_)));
                assert!(again, "round {round}, {cut:?}: it did not happen: {outcome:?}");
            }
            assert_eq!(counters(&cluster, &url, "A"), format!("100|{reserved}"), "round {round}, {cut:?}");
        }
    }
    assert_eq!(proxy.commits_cut(), 12);
}

#[test]
fn a_commit_whose_outcome_cannot_be_looked_up_is_not_guessed_either() {
    let mut cluster = cluster();
    let url = cluster.create_database().unwrap();
    let proxy = TcpProxy::start(cluster.port()).unwrap();
    let mut engine = behind(&cluster, &proxy, name(&url));
    run(&mut engine, &[put("A"), adjust("A", 5)]).unwrap();
    let changes = prepare(&mut engine, &[place(1, "A", 1)]).unwrap();
    proxy.cut_next_commit(CommitCut::AfterAnswer);
    proxy.set_mode(earmark_cluster::Mode::Refuse);
    let outcome = engine.commit(&changes, &mut ()).unwrap_err();
    assert!(matches!(outcome, StoreError::Unlearned(_)), "{outcome}");
    engine.rollback();
    proxy.set_mode(earmark_cluster::Mode::Pass);
    cluster.restart().unwrap();
    // The next batch sees what was saved, whatever this process took for true.
    let next = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        run(&mut engine, &[place(2, "A", 1)]).ok()
    });
    assert!(next.is_some(), "it goes on");
    assert_eq!(counters(&cluster, &url, "A"), "5|2");
}

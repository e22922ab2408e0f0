//! Does a node see what other nodes have changed, though it does not read again what is in its
//! cache?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{
    Follower, REFUSE_ORDERS_AT_COMMIT, adjust, cluster, counters, name, node, parse, place, prepare, put,
    run, run_and_go_on, sku, wait_for_a_waiter,
};
use earmark_cluster::Cluster;
use earmark_core::{Action, Command, Keys, Money, WorkingSet};
use earmark_postgres::{PostgresEngine, PostgresOptions, Protections, open};
use earmark_random::Random;
use earmark_store::{Engine, StoreError};

/// What a batch of this node sees, as `on_hand|reserved|unit_price`.
fn seen(engine: &mut PostgresEngine, text: &str) -> String {
    let (mut keys, mut rows) = (Keys::default(), WorkingSet::default());
    keys.items.insert(sku(text));
    engine.begin(&keys, &mut rows, &mut ()).unwrap();
    engine.rollback();
    let (item, stock) = (rows.items.find(&sku(text)).unwrap(), rows.stocks.find(&sku(text)).unwrap());
    format!("{}|{}|{}", stock.on_hand, stock.reserved, item.unit_price.minor())
}

/// The same as it is stored.
fn stored(cluster: &Cluster, url: &str, text: &str) -> String {
    let sql = "SELECT on_hand, reserved, unit_price FROM stocks JOIN items USING (sku) WHERE sku";
    cluster.query_in(name(url), &format!("{sql} = '{text}'")).unwrap()
}

/// A command that gives an item another price.
fn reprice(text: &str, minor: i64) -> Command {
    let mut command = put(text);
    if let Action::PutItem(put) = &mut command.action {
        put.unit_price = Money::parse(minor).unwrap();
    }
    command
}

/// Puts an item of which there are five. By the second batch the node knows that no other one
/// writes, and leaves the item out of its reads.
fn have_five(engine: &mut PostgresEngine) {
    run(engine, &[put("A")]).unwrap();
    run(engine, &[adjust("A", 5)]).unwrap();
}

/// Two nodes change two items in turn, for so many rounds. Gives how often a node saw something
/// else than what was stored.
fn wrong_sights(options: PostgresOptions, rounds: u32) -> u32 {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut nodes = [0, 1].map(|_| open(&parse(&url), options).unwrap().0);
    run(&mut nodes[0], &[put("A"), put("B"), adjust("A", 1_000), adjust("B", 1_000)]).unwrap();
    let mut random = Random::new(7);
    let mut wrong = 0;
    for round in 0..rounds {
        let text = ["A", "B"][random.between(0, 1) as usize];
        let command = match random.between(1, 3) {
            1 => adjust(text, 1),
            2 => reprice(text, i64::from(1_000 + round)),
            _ => place(u128::from(round), text, 1),
        };
        // More than once in a row, so that a node often writes alone.
        let node = &mut nodes[usize::from(random.between(1, 4) == 1)];
        let done =
            if random.between(0, 1) == 0 { run(node, &[command]) } else { run_and_go_on(node, &[command]) };
        // It may be refused for its version, and would then be decided again.
        assert!(matches!(done, Ok(()) | Err(StoreError::Conflict(_))), "{done:?}");
        node.rollback();
        for text in ["A", "B"] {
            let stored = stored(&cluster, &url, text);
            wrong += nodes.iter_mut().map(|node| u32::from(seen(node, text) != stored)).sum::<u32>();
        }
    }
    wrong
}

#[test]
fn a_node_sees_what_another_has_changed() {
    assert_eq!(wrong_sights(PostgresOptions::default(), 200), 0);
    // The control: the cache is not emptied when the other node has written.
    let protections = Protections { fresh_items: false, ..Protections::default() };
    let stale = PostgresOptions { protections, ..PostgresOptions::default() };
    assert_ne!(wrong_sights(stale, 50), 0);
}

#[test]
fn a_new_session_knows_nothing_of_what_the_last_one_read() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    have_five(&mut engine);
    // As after a failover to a server that lacks the last commits: other rows, under the same
    // number of the last event.
    let behind = "UPDATE stocks SET on_hand = 3, version = version + 1; UPDATE items SET unit_price = 7";
    cluster.query_in(name(&url), behind).unwrap();
    assert_eq!(seen(&mut engine, "A"), "5|0|100", "nothing was read again, which makes this a test");
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'earmark'";
    cluster.query_in(name(&url), end).unwrap();
    let begun = (0..600).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let begun = engine.begin(&Keys::default(), &mut WorkingSet::default(), &mut ());
        engine.rollback();
        begun.ok()
    });
    assert!(begun.is_some(), "it goes on");
    assert_eq!(seen(&mut engine, "A"), "3|0|7");
}

#[test]
fn what_another_changed_between_two_batches_that_follow_each_other_is_seen() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    have_five(&mut engine);
    let changes = prepare(&mut engine, &[adjust("A", 1)]).unwrap();
    std::thread::scope(|scope| {
        // Waits for the stream before the next turn is requested, which leaves the item out of its
        // reads.
        let other = "BEGIN; LOCK TABLE streams IN ACCESS EXCLUSIVE MODE; UPDATE streams SET last_sequence = last_sequence + 1; \
            UPDATE stocks SET on_hand = on_hand + 10, version = version + 1; COMMIT";
        scope.spawn(|| cluster.query_in(name(&url), other).unwrap());
        wait_for_a_waiter(&cluster);
        let mut keys = Keys::default();
        keys.items.insert(sku("A"));
        engine.commit(&changes, &mut Follower(keys)).unwrap();
        assert_eq!(seen(&mut engine, "A"), "16|0|100");
    });
}

#[test]
fn nothing_is_kept_where_a_commit_is_not_seen_all_at_once() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    drop(node(&url));
    // The options of a node may lack that the tables are spread over machines.
    let spread = "INSERT INTO migrations VALUES ('citus', 1, '0001_distribute', 0)";
    cluster.query_in(name(&url), spread).unwrap();
    let mut engine = node(&url).0;
    have_five(&mut engine);
    cluster.query_in(name(&url), "UPDATE stocks SET on_hand = 3, version = version + 1").unwrap();
    assert_eq!(seen(&mut engine, "A"), "3|0|100");
}

#[test]
fn what_a_save_refuses_is_read_again() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    have_five(&mut engine);
    let by_hand = "UPDATE stocks SET on_hand = 3, version = version + 1";
    cluster.query_in(name(&url), by_hand).unwrap();
    let refused = run(&mut engine, &[place(1, "A", 1)]).unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "the versions are the second net: {refused}");
    run(&mut engine, &[place(1, "A", 1)]).unwrap();
    assert_eq!(counters(&cluster, &url, "A"), "3|1");
}

#[test]
fn what_was_not_committed_is_not_remembered() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    have_five(&mut engine);
    prepare(&mut engine, &[place(1, "A", 2)]).unwrap();
    engine.rollback();
    assert_eq!(seen(&mut engine, "A"), "5|0|100", "decided, and not saved");
    cluster.query_in(name(&url), REFUSE_ORDERS_AT_COMMIT).unwrap();
    run(&mut engine, &[place(1, "A", 2)]).unwrap_err();
    assert_eq!(seen(&mut engine, "A"), "5|0|100", "saved, and not committed");
    run(&mut engine, &[adjust("A", 1)]).unwrap();
    assert_eq!(seen(&mut engine, "A"), "6|0|100");
}

#[test]
fn no_item_changes_without_an_event() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut engine = node(&url).0;
    have_five(&mut engine);
    let mut silent = prepare(&mut engine, &[adjust("A", 1)]).unwrap();
    silent.events.clear();
    let refused = engine.commit(&silent, &mut ()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");
    engine.rollback();
    assert_eq!(counters(&cluster, &url, "A"), "5|0");
}

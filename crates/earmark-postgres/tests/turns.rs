//! Do several nodes on one database keep out of each other's way, whatever becomes of one of them?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use common::{adjust, cluster, counters, name, node, parse, place, prepare, put, run};
use earmark_cluster::{Cluster, CommitCut, TcpProxy};
use earmark_postgres::{BrokenOnPurpose, PostgresEngine, PostgresOptions, open};
use earmark_store::{Engine, StoreError};

fn broken(url: &str, broken: BrokenOnPurpose) -> PostgresEngine {
    let options = PostgresOptions { broken: Some(broken), ..PostgresOptions::default() };
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
    // Twice what the contract allows, for slow machines; `prove stalled-node` prints the time itself.
    assert!(waited < Duration::from_secs(10), "and got it: {waited:?}");
    let late = still.commit(&held).unwrap_err();
    assert!(matches!(late, StoreError::Unavailable(_) | StoreError::Conflict(_)), "{late}");
    still.rollback();
    assert_eq!(counters(&cluster, &url, "A"), "10|2", "what it held was not written");
    run(&mut still, &[place(3, "A", 1)]).unwrap();
    assert_eq!(counters(&cluster, &url, "A"), "10|3", "it goes on by itself");
}

/// Two nodes decide on the same rows at the same time; what becomes of the second one's batch.
fn overtaken(cluster: &Cluster, fault: BrokenOnPurpose) -> (Result<(), StoreError>, String) {
    let url = cluster.create_database().unwrap();
    let (mut first, mut second) = (broken(&url, fault), broken(&url, fault));
    run(&mut first, &[put("A")]).unwrap();
    run(&mut first, &[adjust("A", 3)]).unwrap();
    let earlier = prepare(&mut first, &[place(1, "A", 2)]).unwrap();
    let later = prepare(&mut second, &[place(2, "A", 2)]).unwrap();
    first.commit(&earlier).unwrap();
    let outcome = second.commit(&later);
    second.rollback();
    (outcome, counters(cluster, &url, "A"))
}

#[test]
fn without_turns_versions_keep_nodes_apart() {
    let (outcome, counters) = overtaken(&cluster(), BrokenOnPurpose::Turns);
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{outcome:?}");
    assert_eq!(counters, "3|2");
}

/// The control of the test above: with both protections off it must come out wrong.
#[test]
fn without_turns_and_versions_stock_is_sold_twice() {
    let cluster = cluster();
    let (outcome, counters) = overtaken(&cluster, BrokenOnPurpose::TurnsAndVersions);
    outcome.expect("nobody objects");
    assert_eq!(counters, "3|2", "four units were promised, two are reserved");
    let orders = cluster.query_in("earmark_1", "SELECT sum(quantity) FROM order_lines").unwrap();
    assert_eq!(orders, "4");
}

/// A node whose database is behind a proxy.
fn behind(cluster: &Cluster, proxy: &TcpProxy, database: &str) -> PostgresEngine {
    let url = cluster.url_at(&proxy.address().to_string(), database);
    open(&parse(&format!("{url}?sslmode=disable")), PostgresOptions::default()).unwrap().0
}

#[test]
fn a_commit_without_an_answer_is_learned_about_and_never_guessed() {
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
            let outcome = run(&mut engine, &[place(u128::from(proxy.commits_cut()) + 1, "A", 1)]);
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
fn a_commit_that_nobody_can_ask_about_is_not_guessed_either() {
    let mut cluster = cluster();
    let url = cluster.create_database().unwrap();
    let proxy = TcpProxy::start(cluster.port()).unwrap();
    let mut engine = behind(&cluster, &proxy, name(&url));
    run(&mut engine, &[put("A"), adjust("A", 5)]).unwrap();
    let changes = prepare(&mut engine, &[place(1, "A", 1)]).unwrap();
    proxy.cut_next_commit(CommitCut::AfterAnswer);
    proxy.set_mode(earmark_cluster::Mode::Refuse);
    let outcome = engine.commit(&changes).unwrap_err();
    assert!(matches!(outcome, StoreError::Unlearned(_)), "{outcome}");
    engine.rollback();
    proxy.set_mode(earmark_cluster::Mode::Pass);
    cluster.restart().unwrap();
    // The next batch sees what is true, whatever this process believed.
    let next = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        run(&mut engine, &[place(2, "A", 1)]).ok()
    });
    assert!(next.is_some(), "it goes on");
    assert_eq!(counters(&cluster, &url, "A"), "5|2");
}

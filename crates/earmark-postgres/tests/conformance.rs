//! Does the engine pass the suite that every engine runs, and store the same as the one in memory?
#![allow(clippy::unwrap_used, reason = "tests")]

use earmark_cluster::{Cluster, ClusterOptions};
use earmark_conformance::{Fixture, differential, guards_idempotency_keys, run};
use earmark_postgres::{DatabaseUrl, PostgresOptions, open};

/// A server whose databases are thrown away with it, so nothing need be synced.
fn cluster() -> Cluster {
    Cluster::start_with(ClusterOptions::unsynced()).unwrap()
}

/// Short segments, so that readers walk some and scan the rest.
fn small() -> PostgresOptions {
    PostgresOptions { segment_events: 16, ..PostgresOptions::default() }
}

/// A store with a database of its own.
fn next(cluster: &Cluster) -> Fixture {
    let url = DatabaseUrl::parse(&cluster.create_database().unwrap()).unwrap();
    let (engine, queries) = open(&url, small()).unwrap();
    Fixture::new(engine, queries)
}

#[test]
fn the_suite_passes() {
    let cluster = cluster();
    run(|| next(&cluster));
}

#[test]
fn idempotency_keys_are_guarded() {
    let cluster = cluster();
    guards_idempotency_keys(|| next(&cluster));
}

#[test]
fn the_same_commands_leave_the_same_data_as_in_memory() {
    let cluster = cluster();
    for seed in 1..=3 {
        differential([Fixture::in_memory(), next(&cluster)], seed, 2_000);
    }
}

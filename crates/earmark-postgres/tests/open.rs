//! Is it clear why a database cannot be used, and is one that was away used again?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::{adjust, cluster, counters, name, node, parse, put, run, runtime};
use earmark_cluster::{Cluster, ClusterOptions, Tls};
use earmark_postgres::{OpenError, PostgresOptions, open, open_to_read};
use earmark_store::migrations::SchemaError;
use earmark_store::{Engine, Queries, StoreError};

fn refused(url: &str) -> OpenError {
    open(&parse(url), PostgresOptions::default()).map(drop).unwrap_err()
}

#[test]
fn many_nodes_that_start_at_once_migrate_once() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let url = &url;
            scope.spawn(move || {
                let (mut engine, _queries) = node(url);
                run(&mut engine, &[put(&format!("sku-{number}"))]).unwrap();
            });
        }
    });
    let query = |sql: &str| cluster.query_in(name(&url), sql).unwrap();
    assert_eq!(query("SELECT count(*) FROM migrations"), "1");
    assert_eq!(query("SELECT count(*) FROM items"), "8");
    assert_eq!(query("SELECT count(*) FROM nodes WHERE batch = 1"), "8");
}

#[test]
fn a_node_that_died_while_migrating_holds_others_up_no_longer_than_its_lease() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let lease = "CREATE TABLE migration_lease (id smallint NOT NULL PRIMARY KEY, holder uuid NOT NULL, ends_at timestamptz NOT NULL); \
                 INSERT INTO migration_lease VALUES (1, gen_random_uuid(), now() + interval '2 seconds'); \
                 GRANT ALL ON migration_lease TO earmark";
    cluster.query_in(name(&url), lease).unwrap();
    let started = std::time::Instant::now();
    node(&url);
    assert!(started.elapsed().as_millis() > 1_000, "the lease was respected while it lasted");
}

#[test]
fn a_schema_that_is_not_ours_to_write_to_is_refused() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let older = runtime().block_on(open_to_read(&parse(&url))).map(drop).unwrap_err();
    assert!(matches!(older, OpenError::Schema(SchemaError::Older { found: 0, .. })), "{older}");
    drop(node(&url));
    let change = |sql: &str| cluster.query_in(name(&url), sql).unwrap();
    change("INSERT INTO migrations VALUES ('plain', 9999, 'from_the_future', 0)");
    let newer = refused(&url);
    assert!(matches!(newer, OpenError::Schema(SchemaError::Newer { found: 9999, .. })), "{newer}");
    assert!(newer.to_string().contains("newer earmark"), "{newer}");
    assert!(!newer.passes());
    change("DELETE FROM migrations WHERE number = 9999; UPDATE migrations SET checksum = 1");
    let changed = refused(&url);
    assert!(matches!(changed, OpenError::Schema(SchemaError::Changed { .. })), "{changed}");
}

#[test]
fn a_refused_connection_says_why_and_never_shows_a_password() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let wrong = url.replacen(cluster.password(), "wrong-password", 1);
    let no_database = url.replace(name(&url), "no_such_database");
    for (url, words) in [(&wrong, "password authentication failed"), (&no_database, "does not exist")] {
        let error = refused(url);
        assert!(matches!(error, OpenError::Denied(_)) && !error.passes(), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(
            !error.to_string().contains("wrong-password") && !error.to_string().contains(cluster.password())
        );
    }
}

#[test]
fn a_database_that_is_away_or_takes_no_writes_comes_back_by_itself() {
    let mut cluster = cluster();
    let url = cluster.create_database().unwrap();
    cluster.stop_fast().unwrap();
    let (mut engine, _queries) = node(&url);
    let away = run(&mut engine, &[put("A")]).unwrap_err();
    assert!(matches!(&away, StoreError::Unavailable(why) if why.contains("away")), "{away}");
    cluster.restart().unwrap();
    until_done(|| run(&mut engine, &[put("A")]));

    // The open connection is ended, and the next one finds no host that takes writes.
    cluster.set("default_transaction_read_only", "on").unwrap();
    let query = |sql: &str| cluster.query(&format!("SET transaction_read_only = off; {sql}"));
    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'earmark'")
        .unwrap();
    let no_writes = until_refused(|| run(&mut engine, &[adjust("A", 5)]), "takes writes");
    assert!(matches!(no_writes, StoreError::Unavailable(_)), "{no_writes}");
    cluster.set("default_transaction_read_only", "off").unwrap();
    until_done(|| run(&mut engine, &[adjust("A", 5)]));
    assert_eq!(counters(&cluster, &url, "A"), "5|0");
}

/// Tries for as long as a slow machine may need.
fn until_done(mut work: impl FnMut() -> Result<(), StoreError>) {
    let mut last = Ok(());
    for _ in 0..600 {
        last = work();
        if last.is_ok() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    last.unwrap();
}

/// The same for an error whose text holds these words.
fn until_refused(mut work: impl FnMut() -> Result<(), StoreError>, words: &str) -> StoreError {
    for _ in 0..600 {
        match work() {
            Err(error) if error.to_string().contains(words) => return error,
            _ => std::thread::sleep(std::time::Duration::from_millis(100)),
        }
    }
    panic!("it was never refused with {words:?}")
}

#[test]
fn a_host_that_hangs_hides_none_that_comes_after_it() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    // The kernel accepts its connections, and no answer ever comes.
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = format!("{},127.0.0.1:{}", hanging.local_addr().unwrap(), cluster.port());
    let (mut engine, queries) = node(&cluster.url_at(&hosts, name(&url)));
    run(&mut engine, &[put("mug")]).unwrap();
    runtime().block_on(queries.ping()).unwrap();
}

#[test]
fn a_ping_fails_while_a_database_takes_no_writes() {
    let mut cluster = cluster();
    let url = cluster.create_database().unwrap();
    let (_engine, queries) = node(&url);
    let runtime = runtime();
    runtime.block_on(queries.ping()).unwrap();
    cluster.set("default_transaction_read_only", "on").unwrap();
    let mut answers = std::iter::repeat_with(|| runtime.block_on(queries.ping())).take(10_000);
    assert!(answers.any(|answer| answer.is_err()), "not ready while it is read-only");
}

/// What the engine relies on: the server stops the clock of `statement_timeout` before it commits.
/// If it gave up the wait, it would report success for a commit that the standby does not have.
#[test]
fn a_commit_that_waits_for_a_standby_is_not_cut_off() {
    let mut cluster = cluster();
    let url = cluster.create_database().unwrap();
    drop(node(&url));
    cluster.set("synchronous_standby_names", "nobody").unwrap();
    runtime().block_on(async {
        let url = format!("{url}?sslmode=disable");
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute("SET synchronous_commit = on; SET statement_timeout = '100ms'; BEGIN")
            .await
            .unwrap();
        // The control: the limit holds for any other statement.
        let slow = client.batch_execute("SAVEPOINT before; SELECT pg_sleep(10)").await.unwrap_err();
        assert_eq!(slow.code().unwrap().code(), "57014");
        client.batch_execute("ROLLBACK TO before; UPDATE nodes SET seen_at = now()").await.unwrap();
        let waited = tokio::time::timeout(Duration::from_secs(1), client.batch_execute("COMMIT")).await;
        assert!(waited.is_err(), "it waits for longer than the limit: {waited:?}");
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    assert_eq!(cluster.query(waits).unwrap(), "1");
}

#[test]
fn a_commit_is_never_weaker_than_durable() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    cluster.query(&format!("ALTER DATABASE {} SET synchronous_commit = off", name(&url))).unwrap();
    let (mut engine, _queries) = node(&url);
    // The setting of the session itself, recorded by the row that each batch writes.
    cluster
        .query_in(
            name(&url),
            "CREATE TABLE seen (setting text); GRANT ALL ON seen TO earmark; \
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$; \
             CREATE TRIGGER note AFTER UPDATE ON nodes FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .unwrap();
    run(&mut engine, &[put("A")]).unwrap();
    assert_eq!(cluster.query_in(name(&url), "SELECT setting FROM seen").unwrap(), "on");
}

#[test]
fn connections_are_encrypted_and_the_server_is_checked_as_the_url_says() {
    let options = ClusterOptions { tls: Tls::Required, ..ClusterOptions::unsynced() };
    let cluster = Cluster::start_with(options).unwrap();
    let url = cluster.create_database().unwrap();
    let authority = cluster.authority_file();
    let trusted = format!("{url}?sslmode=verify-full&sslrootcert={}", authority.display());
    for accepted in ["?sslmode=require", "", &trusted[url.len()..]] {
        let (mut engine, _queries) = node(&format!("{url}{accepted}"));
        engine
            .begin(&earmark_core::Keys::default(), &mut earmark_core::WorkingSet::default(), &mut ())
            .unwrap();
        let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                         WHERE application_name = 'earmark'";
        assert_eq!(cluster.query(encrypted).unwrap(), "t", "{accepted}");
        engine.rollback();
    }
    let strange = tempfile::tempdir().unwrap();
    let strangers =
        Cluster::start_with(ClusterOptions { tls: Tls::Required, ..ClusterOptions::unsynced() }).unwrap();
    let roots = strange.path().join("other.pem");
    std::fs::copy(strangers.authority_file(), &roots).unwrap();
    let (mut engine, _queries) = node(&format!("{url}?sslmode=verify-full&sslrootcert={}", roots.display()));
    let refused = engine
        .begin(&earmark_core::Keys::default(), &mut earmark_core::WorkingSet::default(), &mut ())
        .unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let plain = super_refused(&format!("{url}?sslmode=disable"));
    assert!(plain.contains("no encryption") || plain.contains("pg_hba"), "{plain}");
}

fn super_refused(url: &str) -> String {
    match open(&parse(url), PostgresOptions::default()) {
        Ok((mut engine, _)) => engine
            .begin(&earmark_core::Keys::default(), &mut earmark_core::WorkingSet::default(), &mut ())
            .unwrap_err()
            .to_string(),
        Err(error) => error.to_string(),
    }
}

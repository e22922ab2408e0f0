//! Does the proxy cut where it says, and only there? Tried with a real client and a real server.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterOptions, CommitCut, Mode, TcpProxy};
use tokio_postgres::{Client, Error, NoTls};

/// One database with an empty table `t`, and a proxy in front of its server.
struct Fixture {
    cluster: Cluster,
    proxy: TcpProxy,
    database: String,
}

impl Fixture {
    fn start() -> Fixture {
        let cluster = Cluster::start_with(ClusterOptions::unsynced()).unwrap();
        let url = cluster.create_database().unwrap();
        let database = url.rsplit('/').next().unwrap().to_owned();
        cluster.query_in(&database, "SET ROLE earmark; CREATE TABLE t (a int)").unwrap();
        let proxy = TcpProxy::start(cluster.port()).unwrap();
        Fixture { cluster, proxy, database }
    }

    async fn connect(&self) -> Result<Client, Error> {
        let url = self.cluster.url_at(&self.proxy.address().to_string(), &self.database);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    fn rows(&self) -> String {
        self.cluster.query_in(&self.database, "SELECT count(*) FROM t").unwrap()
    }

    /// Waits until no transaction is open on the server.
    fn settle(&self) {
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'earmark'";
        let start = Instant::now();
        while self.cluster.query(busy).unwrap() != "0" {
            assert!(start.elapsed() < Duration::from_secs(60), "not within a minute");
        }
    }
}

/// How a transaction is sent to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Simple,
    Prepared,
    /// The next transaction is sent without waiting for the answer to COMMIT.
    Followed,
}

/// Inserts one row in a transaction of its own.
async fn insert(client: &Client, sent: Sent) -> Result<(), Error> {
    if sent == Sent::Prepared {
        let commit = client.prepare("COMMIT").await?;
        let insert = client.prepare("INSERT INTO t VALUES ($1)").await?;
        client.batch_execute("BEGIN").await?;
        client.execute(&insert, &[&1_i32]).await?;
        client.execute(&commit, &[]).await.map(drop)
    } else {
        client.batch_execute("BEGIN").await?;
        client.batch_execute("INSERT INTO t VALUES (1)").await?;
        let commit = client.batch_execute("COMMIT");
        if sent == Sent::Simple {
            return commit.await;
        }
        let (committed, next) =
            tokio::join!(commit, client.batch_execute("BEGIN; INSERT INTO t VALUES (2); ROLLBACK"));
        // Nothing after a COMMIT that got no answer is answered.
        assert!(committed.is_ok() || next.is_err());
        committed
    }
}

async fn check_cut(cut: CommitCut, rows: &str) {
    let fixture = Fixture::start();
    for (round, sent) in [Sent::Simple, Sent::Prepared, Sent::Followed].into_iter().enumerate() {
        let client = fixture.connect().await.unwrap();
        insert(&client, sent).await.unwrap();
        assert_eq!(fixture.proxy.commits_cut(), round as u64);
        fixture.proxy.cut_next_commit(cut);
        // A transaction that only reads is not cut.
        client.batch_execute("BEGIN; SELECT 1; COMMIT").await.unwrap();
        let error = insert(&client, sent).await.unwrap_err();
        assert!(error.is_closed() || error.code().is_none(), "{error:?}");
        assert_eq!(fixture.proxy.commits_cut(), round as u64 + 1);
        // The next one passes.
        insert(&fixture.connect().await.unwrap(), sent).await.unwrap();
    }
    fixture.settle();
    assert_eq!(fixture.rows(), rows);
    assert!(!fixture.proxy.disarm());
    assert_eq!(fixture.proxy.commits_seen(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_whose_answer_is_cut_has_happened() {
    check_cut(CommitCut::AfterAnswer, "9").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_that_is_under_way_happens_after_the_cut() {
    check_cut(CommitCut::Underway { hold: Duration::ZERO }, "9").await;
    check_cut(CommitCut::Underway { hold: Duration::from_millis(300) }, "9").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_that_is_not_sent_has_not_happened() {
    check_cut(CommitCut::NotSent, "6").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_cut_and_refused_and_pass_again() {
    let fixture = Fixture::start();
    let client = fixture.connect().await.unwrap();
    fixture.proxy.set_mode(Mode::Refuse);
    insert(&client, Sent::Simple).await.unwrap();
    assert!(fixture.connect().await.is_err());
    fixture.proxy.cut_all();
    assert!(insert(&client, Sent::Simple).await.is_err());
    fixture.proxy.set_mode(Mode::Pass);
    insert(&fixture.connect().await.unwrap(), Sent::Prepared).await.unwrap();
    assert_eq!(fixture.rows(), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connection_stays_open_and_mute() {
    let fixture = Fixture::start();
    let client = fixture.connect().await.unwrap();
    fixture.proxy.set_mode(Mode::Silent);
    let wait = Duration::from_millis(300);
    assert!(tokio::time::timeout(wait, insert(&client, Sent::Simple)).await.is_err(), "no answer and no end");
    fixture.proxy.set_mode(Mode::Pass);
    assert!(tokio::time::timeout(wait, client.batch_execute("SELECT 1")).await.is_err(), "it has lost bytes");
    assert!(!client.is_closed());
    insert(&fixture.connect().await.unwrap(), Sent::Simple).await.unwrap();
    fixture.proxy.cut_all();
    assert!(client.batch_execute("SELECT 1").await.is_err());
    assert_eq!(fixture.rows(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_hides_that_the_server_has_ended() {
    let mut fixture = Fixture::start();
    let client = fixture.connect().await.unwrap();
    fixture.proxy.set_mode(Mode::Silent);
    fixture.cluster.kill();
    let wait = Duration::from_millis(300);
    assert!(tokio::time::timeout(wait, client.batch_execute("SELECT 1")).await.is_err());
    assert!(tokio::time::timeout(wait, fixture.connect()).await.is_err());
    fixture.proxy.cut_all();
    assert!(client.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delayed_commits_are_carried_out() {
    let fixture = Fixture::start();
    fixture.proxy.delay_commits(100, Duration::from_millis(50));
    for _ in 0..4 {
        insert(&fixture.connect().await.unwrap(), Sent::Prepared).await.unwrap();
    }
    assert_eq!(fixture.rows(), "4");
}

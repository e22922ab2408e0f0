//! Does a server that a test starts keep what was committed, through kills and on its standby, and
//! does it end with the process that started it?

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use earmark_cluster::process::Process;
use earmark_cluster::{Cluster, ClusterOptions, Tls};
use tokio_postgres::NoTls;

#[test]
fn killed_server_has_everything_after_its_restart() {
    let mut cluster = Cluster::start().unwrap();
    let (port, pid) = (cluster.port(), cluster.pid().unwrap());
    cluster.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)").unwrap();
    let process = Process::read(pid).unwrap();

    cluster.kill();
    assert!(!process.is_alive());
    std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(cluster.query("SELECT 1").is_err());

    cluster.restart().unwrap();
    assert_eq!((cluster.port(), cluster.query("SELECT sum(a) FROM t").unwrap().as_str()), (port, "3"));
    cluster.stop_fast().unwrap();
    cluster.restart().unwrap();
    assert_eq!(cluster.query("SELECT a FROM t ORDER BY a").unwrap(), "1\n2");

    let folder = cluster.folder().to_owned();
    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn databases_are_their_own_and_settings_and_errors_are_shown() {
    let mut cluster = Cluster::start_with(ClusterOptions::unsynced().with("work_mem", "3MB")).unwrap();
    assert_eq!(cluster.query("SHOW work_mem").unwrap(), "3MB");
    cluster.set("work_mem", "5MB").unwrap();
    assert_eq!(cluster.query("SHOW work_mem").unwrap(), "5MB");

    let (one, other) = (cluster.create_database().unwrap(), cluster.create_database().unwrap());
    assert_ne!(one, other);
    assert!(one.starts_with("postgres://earmark:") && one.ends_with("/earmark_1"), "{one}");
    assert_eq!(cluster.query("SELECT rolsuper FROM pg_roles WHERE rolname = 'earmark'").unwrap(), "f");

    let error = cluster.query("SELECT nonsense").unwrap_err().to_string();
    assert!(error.contains("column \"nonsense\" does not exist"), "{error}");
    assert!(!error.contains(cluster.password()), "{error}");
}

#[tokio::test]
async fn wrong_password_is_refused_and_the_right_one_owns_its_database() {
    let cluster = Cluster::start_with(ClusterOptions::unsynced()).unwrap();
    let url = cluster.create_database().unwrap();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("CREATE TABLE t (a int)").await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();

    let wrong = url.replace(cluster.password(), "guessed");
    let error = tokio_postgres::connect(&wrong, NoTls).await.err().unwrap();
    assert_eq!(error.code().unwrap().code(), "28P01");
}

#[tokio::test]
async fn unencrypted_connections_are_refused_where_encryption_is_required() {
    let options = ClusterOptions { tls: Tls::Required, ..ClusterOptions::unsynced() };
    // psql encrypts by itself, so the setup of the cluster has already gone through TLS.
    let cluster = Cluster::start_with(options).unwrap();
    let url = cluster.create_database().unwrap();
    let encrypted = cluster.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").unwrap();
    assert_eq!(encrypted, "t");
    assert!(cluster.authority_file().is_file());
    let error = tokio_postgres::connect(&url, NoTls).await.err().unwrap();
    assert_eq!(error.code().unwrap().code(), "28000");
}

#[test]
fn standby_has_what_was_acknowledged_when_the_primary_dies() {
    let mut primary = Cluster::start().unwrap();
    primary.query("CREATE TABLE t (a int)").unwrap();
    let mut standby = primary.standby().unwrap();
    primary.query("INSERT INTO t SELECT generate_series(1, 1000)").unwrap();
    let port = primary.port();
    primary.kill();
    drop(primary);
    assert!(standby.query("INSERT INTO t VALUES (1)").is_err(), "a standby takes no writes");

    standby.promote().unwrap();
    assert_eq!(standby.query("INSERT INTO t VALUES (1001); SELECT count(*) FROM t").unwrap(), "1001");

    // And again, with a new standby on the port of the first primary.
    let mut third = standby.standby_on(port).unwrap();
    assert_eq!(third.port(), port);
    standby.query("INSERT INTO t VALUES (1002)").unwrap();
    standby.kill();
    third.promote().unwrap();
    assert_eq!(third.query("SELECT count(*) FROM t").unwrap(), "1002");
}

#[test]
fn standby_that_is_cut_off_lacks_what_came_later() {
    let mut primary = Cluster::start().unwrap();
    primary.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1)").unwrap();
    let mut standby = primary.asynchronous_standby().unwrap();
    standby.stop_following().unwrap();
    primary.query("INSERT INTO t VALUES (2)").unwrap();
    primary.kill();
    standby.promote().unwrap();
    assert_eq!(standby.query("SELECT count(*) FROM t").unwrap(), "1");
}

#[test]
fn server_and_folder_are_gone_when_their_owner_is_killed() {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_earmark-cluster"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut url).unwrap();
    assert!(url.starts_with("postgres://earmark:"), "{url}");
    let children = earmark_cluster::process::children(owner.id());
    let postmaster =
        children.iter().find(|child| command_line(child.pid).contains("postgres\0-D\0")).unwrap();
    let folder = command_line(postmaster.pid).split('\0').nth(2).unwrap().to_owned();
    assert!(std::path::Path::new(&folder).exists());

    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until(|| !postmaster.is_alive());
    wait_until(|| !std::path::Path::new(&folder).exists());
}

fn command_line(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// The limit only ends a test that fails. It is far above what is needed.
#[track_caller]
fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

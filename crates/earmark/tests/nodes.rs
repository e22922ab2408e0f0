//! What does an operator see of PostgreSQL? A server without its database, several nodes on one
//! database, and what is said about each trouble.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use earmark_cluster::{Cluster, ClusterOptions};
use earmark_load::{Client, ServerOptions, ServerProcess};
use serde_json::json;
use shop::expect;

const KEY: &str = "an-admin-key-that-all-nodes-of-the-test-share";
const PATIENCE: Duration = Duration::from_secs(60);

fn cluster() -> Cluster {
    Cluster::start_with(ClusterOptions::unsynced()).unwrap()
}

struct Node {
    server: ServerProcess,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Node {
    fn start(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = ServerOptions::new(env!("CARGO_BIN_EXE_earmark"), folder.path()).on(url, KEY);
        let server = ServerProcess::start(options).unwrap();
        let client = server.client();
        Self { server, client, _folder: folder }
    }

    /// The status of `/readyz`, once the server listens and it is this one.
    async fn until(&mut self, status: u16) {
        let reached = async {
            loop {
                match self.client.get("/readyz").await {
                    Ok(answer) if answer.status == status => return,
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        assert!(reached.is_ok(), "never {status}:\n{}", self.server.log_tail());
    }
}

#[tokio::test]
async fn a_server_without_its_database_says_so_and_comes_back_with_it() {
    let mut cluster = cluster();
    let url = cluster.create_database().unwrap();
    cluster.stop_fast().unwrap();
    let mut node = Node::start(&url);
    node.until(503).await;
    assert_eq!(node.client.get("/healthz").await.unwrap().status, 200, "the process itself is well");
    let item = json!({"name": "A", "unit_price": 100});
    for refused in
        [node.client.put("/v1/items/A", &item).await.unwrap(), node.client.get("/v1/items/A").await.unwrap()]
    {
        assert_eq!((refused.status, refused.code()), (503, "unavailable"), "{}", refused.excerpt());
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.json().unwrap()["retryable"], true);
        let told = refused.excerpt();
        assert!(!told.contains("127.0.0.1:") && !told.contains(cluster.password()), "{told}");
    }
    cluster.restart().unwrap();
    node.until(200).await;
    expect(201, &node.client.put("/v1/items/A", &item).await.unwrap());
    cluster.stop_fast().unwrap();
    node.until(503).await;
    cluster.restart().unwrap();
    node.until(200).await;
    expect(200, &node.client.get("/v1/items/A").await.unwrap());
    let log = node.server.log_tail();
    assert!(log.contains("the database is back"), "{log}");
    assert!(!log.contains(cluster.password()), "no password in the log");
}

#[tokio::test]
async fn an_answer_of_one_node_is_seen_by_every_other_at_once() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let mut nodes = [Node::start(&url), Node::start(&url), Node::start(&url)];
    for node in &mut nodes {
        node.until(200).await;
    }
    let item = json!({"name": "A", "unit_price": 100});
    expect(201, &nodes[0].client.put("/v1/items/A", &item).await.unwrap());
    let stock = json!({"delta": 30, "reason": "received"});
    expect(201, &nodes[1].client.post("/v1/items/A/adjustments", Some("stock"), &stock).await.unwrap());
    for number in 0..30_usize {
        let (here, there) = (&nodes[number % 3].client, &nodes[(number + 1) % 3].client);
        let body = json!({"lines": [{"sku": "A", "quantity": 1}], "confirm": true});
        let key = format!("order-{number}");
        let placed = here.post("/v1/orders", Some(&key), &body).await.unwrap();
        let order = expect(201, &placed);
        let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        assert_eq!(expect(200, &there.get(&path).await.unwrap()), order);
        let again = there.post("/v1/orders", Some(&key), &body).await.unwrap();
        assert!(again.replayed() && again.body == placed.body, "the same answer, whichever node is asked");
        let item = expect(200, &there.get("/v1/items/A").await.unwrap());
        assert_eq!(item["reserved"], number + 1);
    }
    let body = json!({"lines": [{"sku": "A", "quantity": 1}]});
    let short = nodes[0].client.post("/v1/orders", Some("one-too-many"), &body).await.unwrap();
    assert_eq!((short.status, short.code()), (409, "insufficient_stock"));
    let verified = nodes[2].server.verify(PATIENCE).await.unwrap();
    assert!(verified.passed, "{}", verified.output);
    let offline = earmark(&["verify", "--database", &url]);
    assert!(offline.status.success(), "{}", String::from_utf8_lossy(&offline.stderr));
}

/// A process without an admin key of its own, on any port; it prints to a file.
struct Newcomer {
    child: Child,
    printed: tempfile::NamedTempFile,
}

impl Newcomer {
    fn start(database: &str) -> Self {
        let printed = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", database, "--log", "error"]);
        command.stdin(Stdio::null()).stdout(printed.reopen().unwrap());
        Self { child: command.spawn().unwrap(), printed }
    }

    fn shows_a_key(&self) -> bool {
        std::fs::read_to_string(self.printed.path()).unwrap().contains("An admin key, shown once")
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn of_nodes_that_start_at_once_on_a_database_without_a_key_one_shows_an_admin_key() {
    let cluster = cluster();
    for _ in 0..3 {
        let url = cluster.create_database().unwrap();
        // The tables are there, so that no node waits for another to make them.
        Node::start(&url).until(200).await;
        let mut nodes: Vec<_> = (0..4).map(|_| Newcomer::start(&url)).collect();
        let deadline = Instant::now() + PATIENCE;
        while !nodes.iter().any(Newcomer::shows_a_key) {
            assert!(Instant::now() < deadline, "nobody shows a key");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The others have asked by now, or will while one more starts.
        nodes.push(Newcomer::start(&url));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(nodes.iter().filter(|node| node.shows_a_key()).count(), 1);
    }
}

fn earmark(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn what_will_not_pass_by_itself_ends_the_server_with_a_reason_and_no_password() {
    let cluster = cluster();
    let url = cluster.create_database().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let wrong_password = url.replacen(cluster.password(), "hunter2hunter2", 1);
    let no_database = url.replace(name, "no_such_database");
    let serve = |url: &str| earmark(&["serve", "--listen", "127.0.0.1:0", "--database", url]);
    for (url, code, words) in [
        (wrong_password.as_str(), 1, "password authentication failed"),
        (&no_database, 1, "does not exist"),
        ("postgres://u:hunter2hunter2@h/d?sslmode=perhaps", 2, "sslmode"),
        ("mysql://u:hunter2hunter2@h/d", 2, "expected sqlite:PATH or postgres://"),
    ] {
        let ended = serve(url);
        let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{words}: {said}");
        assert!(!said.contains("hunter2") && !said.contains(cluster.password()), "{said}");
    }
    let future = "CREATE TABLE migrations (flavor text NOT NULL, number bigint NOT NULL, name text NOT NULL, checksum bigint NOT NULL, \
                  PRIMARY KEY (flavor, number)); \
                  CREATE TABLE migration_lease (id smallint PRIMARY KEY, holder uuid NOT NULL, ends_at timestamptz NOT NULL); \
                  INSERT INTO migrations VALUES ('plain', 9999, 'from_the_future', 0); \
                  GRANT ALL ON migrations, migration_lease TO earmark";
    cluster.query_in(name, future).unwrap();
    let newer = serve(&url);
    assert_eq!(newer.status.code(), Some(1));
    let said = String::from_utf8_lossy(&newer.stderr).into_owned();
    assert!(said.contains("written by a newer earmark"), "{said}");
    let older = earmark(&["verify", "--database", &cluster.create_database().unwrap()]);
    let said = String::from_utf8_lossy(&older.stderr).into_owned();
    assert!(older.status.code() == Some(1) && said.contains("start `earmark serve` on it first"), "{said}");
}

//! Does what an operator does work? Starting, stopping, making keys, importing, verifying, and
//! starting twice by mistake.

#![expect(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use shop::{Shop, expect};

fn earmark(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark")).args(arguments).env_remove("EARMARK_KEY").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Shop {
    fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Runs a command against this server; gives exit status, output, errors.
    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let (url, key) = (self.url(), self.server.admin_key().to_owned());
        let mut all: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        all.extend(["--server".into(), url, "--key".into(), key]);
        let output =
            tokio::task::spawn_blocking(move || earmark(&all.iter().map(String::as_str).collect::<Vec<_>>()));
        let output = output.await.unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}

#[tokio::test]
async fn a_key_works_until_it_is_revoked() {
    let shop = Shop::open(&[]).await;
    let (code, made, errors) =
        shop.run(&["keys", "create", "--role", "service", "--name", "shop", "--json"]).await;
    assert_eq!(code, Some(0), "{errors}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let token = made["key"].as_str().unwrap();
    assert!(token.starts_with("em_live_"), "{token}");
    let client = shop.client.with_token(token);
    assert_eq!(client.get("/v1/orders").await.unwrap().status, 200);
    let (code, listed, _) = shop.run(&["keys", "list"]).await;
    assert_eq!(code, Some(0));
    assert!(listed.contains("shop") && !listed.contains(token.rsplit('_').next().unwrap()), "{listed}");
    let (code, ..) = shop.run(&["keys", "revoke", made["id"].as_str().unwrap()]).await;
    assert_eq!(code, Some(0));
    assert_eq!(client.get("/v1/orders").await.unwrap().status, 401);
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_names_bad_rows() {
    let shop = Shop::open(&[]).await;
    let file = shop.folder().join("items.csv");
    std::fs::write(&file, "sku,name,unit_price,on_hand\nA,Apple,120,7\nB,Bread,2.50,3\n").unwrap();
    let path = file.to_str().unwrap();
    let (code, _, errors) = shop.run(&["import", "items", path]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("line 3, column unit_price"), "{errors}");
    assert_eq!(shop.read("/v1/items").await["data"], json!([]));
    let (code, said, errors) = shop.run(&["import", "items", path, "--skip-bad"]).await;
    assert_eq!((code, said.as_str()), (Some(0), "1 items imported, 1 rows skipped\n"), "{errors}");
    assert_eq!(shop.counters("A").await, (7, 0, 7));
    // Again: nothing moves.
    let version = shop.read("/v1/items/A/movements").await["data"].as_array().unwrap().len();
    assert_eq!(shop.run(&["import", "items", path, "--skip-bad"]).await.0, Some(0));
    assert_eq!(shop.read("/v1/items/A/movements").await["data"].as_array().unwrap().len(), version);
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused() {
    let shop = Shop::open(&[]).await;
    let output = earmark(&["serve", "--database", &shop.server.database_url(), "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("in use by another process"), "{}", text(&output.stderr));
    let output = earmark(&["verify", "--database", &shop.server.database_url()]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
}

#[tokio::test]
async fn verify_reads_a_closed_database_and_finds_a_tampered_one() {
    let mut shop = Shop::open(&[]).await;
    shop.stock("A", 5).await;
    shop.order("one", &[("A", 2)]).await;
    let (code, said, _) = shop.run(&["verify"]).await;
    assert_eq!((code, said.as_str()), (Some(0), "1 items, 1 orders, 4 events: 0 breaches\n"));
    shop.server.kill();
    let url = shop.server.database_url();
    assert_eq!(earmark(&["verify", "--database", &url]).status.code(), Some(0));
    let database = rusqlite::Connection::open(shop.server.database_path()).unwrap();
    database.execute("UPDATE stocks SET reserved = 1", []).unwrap();
    drop(database);
    let output = earmark(&["verify", "--database", &url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("item A: 1 reserved, but open order lines hold 2"),
        "{}",
        text(&output.stdout)
    );
}

#[tokio::test]
async fn wrong_usage_is_status_2_and_says_what_is_wrong() {
    for (arguments, named) in [
        (&["serve", "--currency", "pounds"][..], "--currency"),
        (&["serve", "--admin-key", "short"], "--admin-key"),
        (&["serve", "--database", "oracle:x"], "--database"),
        (&["verify"], "--server"),
        (&["demo", "--listen", "0.0.0.0:0"], "loopback"),
        (&["nonsense"], "nonsense"),
    ] {
        let output = earmark(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(named), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill() {
    let mut shop = Shop::open(&[]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 2)]).await;
    shop.server.kill();
    shop.restart().await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(shop.read(&path).await, order);
    let body = json!({"lines": [{"sku": "A", "quantity": 2}], "confirm": true});
    let again = shop.client.post("/v1/orders", Some("one"), &body).await.unwrap();
    assert!(again.replayed());
    assert_eq!(expect(201, &again), order);
    assert_eq!(shop.counters("A").await, (5, 2, 3));
}

#[tokio::test]
async fn a_terminated_server_finishes_what_it_has_and_exits_0() {
    let shop = Shop::open(&["--gateway-timeout", "5s"]).await;
    shop.stock("A", 5).await;
    let order = shop.order("one", &[("A", 1)]).await;
    let path = format!("/v1/orders/{}/payments", order["id"].as_str().unwrap());
    let client = shop.client.clone();
    let slow = tokio::spawn(async move {
        client.post(&path, Some("pay"), &json!({"method": {"token": "tok_timeout_ok"}})).await.unwrap()
    });
    // Wait until the payment is in progress; then the server is asked to stop in the middle of it.
    let orders = "/v1/orders?limit=1";
    while shop.read(orders).await["data"][0]["payment_status"] != "pending" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = shop.server.pid().unwrap();
    let killed = Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    let answer = slow.await.unwrap();
    assert_eq!(expect(202, &answer)["status"], "PENDING");
    let mut shop = shop;
    let status = tokio::task::spawn_blocking(move || shop.server.wait_ended().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}

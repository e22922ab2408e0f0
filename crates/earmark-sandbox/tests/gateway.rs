//! The sandbox from outside, over sockets and with requests written out as bytes: its keys, its
//! faults and its notifications.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use earmark_sandbox::{Options, Rate, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Sandbox {
    address: String,
    stop: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    async fn start(folder: &Path, notification_url: Option<String>) -> Self {
        let options = Options {
            ledger: folder.join("ledger.jsonl"),
            listen: "127.0.0.1:0".parse().unwrap(),
            secret: None,
            rate: Rate::default(),
            kinds: Vec::new(),
            seed: 1,
            delay: Duration::ZERO,
            search_lag: Duration::ZERO,
            notification_url,
        };
        let server = Server::start(options).await.unwrap();
        let address = server.address().unwrap().to_string();
        let stop = tokio::spawn(server.serve(std::future::pending()));
        Self { address, stop }
    }

    /// The bytes of the answer to one request, or the error of the connection. `head` is method and
    /// path, then, behind a `#`, the idempotency key.
    async fn bytes(&self, head: &str, body: &str) -> std::io::Result<String> {
        let mut socket = TcpStream::connect(&self.address).await?;
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer sk_test_1\r\nstripe-version: x\r\n\
             content-length: {length}\r\n"
        );
        let kind = if body.starts_with('{') { "content-type: application/json\r\n" } else { "" };
        let (path, key) = head.split_once('#').unwrap_or((head, ""));
        let request = request.replacen(head, path, 1);
        let request = format!("{request}{kind}idempotency-key: {key}\r\n\r\n{body}");
        socket.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await?;
        Ok(String::from_utf8(answer).unwrap())
    }

    /// The answer's status and its JSON body; null if it has none.
    async fn send(&self, head: &str, body: &str) -> (u16, Value) {
        let answer = self.bytes(head, body).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    async fn charge(&self, id: &str, amount: u32, token: &str) -> (u16, Value) {
        self.send(&format!("POST /stripe/v1/payment_intents#{id}"), &charge_form(id, amount, token)).await
    }

    async fn script_faults(&self, faults: &Value) {
        assert_eq!(self.send("PUT /faults", &json!({"script": faults}).to_string()).await.0, 204);
    }

    async fn entries(&self) -> Vec<Value> {
        self.send("GET /ledger", "").await.1["entries"].as_array().unwrap().clone()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

fn charge_form(id: &str, amount: u32, token: &str) -> String {
    format!("amount={amount}&currency=eur&confirm=true&payment_method={token}&metadata%5Bearmark_id%5D={id}")
}

#[tokio::test]
async fn a_key_moves_money_once_and_keeps_its_parameters_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None).await;
    let (status, first) = sandbox.charge("pay_1", 500, "tok_ok").await;
    assert_eq!(
        (status, &first["status"], &first["amount_received"]),
        (200, &json!("succeeded"), &json!(500))
    );
    assert_eq!(sandbox.charge("pay_1", 500, "tok_ok").await, (200, first.clone()));
    let (status, other) = sandbox.charge("pay_1", 501, "tok_ok").await;
    assert_eq!((status, &other["error"]["type"]), (400, &json!("idempotency_error")));
    drop(sandbox);
    let sandbox = loop {
        // The old server unlocks the file when its last request ends.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if std::fs::File::open(folder.path().join("ledger.jsonl")).unwrap().try_lock().is_ok() {
            break Sandbox::start(folder.path(), None).await;
        }
    };
    assert_eq!(sandbox.charge("pay_1", 500, "tok_ok").await, (200, first));
    assert_eq!(sandbox.entries().await.len(), 1);
}

#[tokio::test]
async fn another_key_is_another_charge_even_for_the_same_payment() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None).await;
    for key in ["a", "b"] {
        let form = charge_form("pay_1", 5, "tok_ok");
        assert_eq!(sandbox.send(&format!("POST /stripe/v1/payment_intents#{key}"), &form).await.0, 200);
    }
    let query = "metadata%5B%27earmark_id%27%5D%3A%27pay_1%27";
    let (_, found) = sandbox.send(&format!("GET /stripe/v1/payment_intents/search?query={query}"), "").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 2, "a double charge is visible");
}

#[tokio::test]
async fn no_more_goes_back_than_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None).await;
    let intent = sandbox.charge("pay_1", 500, "tok_ok").await.1["id"].as_str().unwrap().to_owned();
    let refund = |key: &'static str, amount: u32| {
        let form = format!("payment_intent={intent}&amount={amount}&metadata%5Bearmark_id%5D={key}");
        let head = format!("POST /stripe/v1/refunds#{key}");
        let sandbox = &sandbox;
        async move { sandbox.send(&head, &form).await.0 }
    };
    assert_eq!((refund("ref_1", 300).await, refund("ref_2", 201).await), (200, 400));
    assert_eq!((refund("ref_1", 300).await, refund("ref_3", 200).await), (200, 200));
    assert_eq!(refund("ref_4", 1).await, 400);
}

#[tokio::test]
async fn a_fault_before_has_no_effect_and_a_fault_after_has() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None).await;
    sandbox.script_faults(&json!(["error_before", "error_after", "reset_before", "reset_after"])).await;
    for (number, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let form = charge_form(key, 5, "tok_ok");
        let answer = sandbox.bytes(&format!("POST /stripe/v1/payment_intents#{key}"), &form).await;
        match (number, answer) {
            (0 | 1, Ok(answer)) => assert!(answer.starts_with("HTTP/1.1 500"), "{answer}"),
            (_, Err(error)) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
            (_, Ok(answer)) => panic!("{key}: {answer}"),
        }
    }
    let ids: Vec<_> = sandbox.entries().await.iter().map(|entry| entry["id"].clone()).collect();
    assert_eq!(ids, ["b", "d"]);
    // The 500 after an effect is stored and given again; the one before it is not.
    assert_eq!(sandbox.charge("b", 5, "tok_ok").await.0, 500);
    assert_eq!(sandbox.charge("a", 5, "tok_ok").await.0, 200);
}

#[tokio::test]
async fn the_amount_of_a_charge_can_be_wrong_in_every_answer_and_faults_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), None).await;
    sandbox.script_faults(&json!(["none", "error_before", "error_before"])).await;
    let (_, wrong) = sandbox.charge("a", 5, "tok_wrong_amount").await;
    assert_eq!(wrong["amount"], 6);
    for key in ["b", "c"] {
        assert_eq!(sandbox.charge(key, 5, "tok_ok").await.0, 500);
    }
    let (_, again) = sandbox.charge("a", 5, "tok_wrong_amount").await;
    assert_eq!(again["amount"], 6);
    assert_eq!(sandbox.entries().await[0]["amount"], 5, "the ledger has the right amount");
    assert_eq!(sandbox.send("GET /faults", "").await.1, json!({"error_before": 2}));
}

#[tokio::test]
async fn notifications_come_once_twice_or_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, mut notifications) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut seen = vec![0; 8_192];
            let count = socket.read(&mut seen).await.unwrap();
            let text = String::from_utf8_lossy(&seen[..count]).into_owned();
            assert!(
                text.starts_with("POST /hook HTTP/1.1") && text.contains("stripe-signature: t="),
                "{text}"
            );
            let body = text.split_once("\r\n\r\n").unwrap().1.to_owned();
            let event: Value = serde_json::from_str(&body).unwrap();
            let _ =
                sender.send(event["data"]["object"]["metadata"]["earmark_id"].as_str().unwrap().to_owned());
            socket.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.unwrap();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), Some(url)).await;
    sandbox.script_faults(&json!(["none", "webhook_late", "none", "webhook_twice"])).await;
    for key in ["a", "b", "c", "d"] {
        assert_eq!(sandbox.charge(key, 5, "tok_ok").await.0, 200);
    }
    let mut order = String::new();
    for _ in 0..5 {
        order.push_str(&notifications.recv().await.unwrap());
    }
    assert_eq!(order, "acbdd");
}

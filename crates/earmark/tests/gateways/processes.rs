//! A server and its gateway, each a process of its own, and the comparison of what both have.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use earmark_load::{Client, Response, ServerOptions, ServerProcess};
use serde_json::{Value, json};

/// How long anything may take before a test gives up; generous, since machines are shared.
const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const SECRET: &str = "a-secret-of-forty-characters-for-tests-1";
pub(crate) const STRIPE_KEY: &str = "sk_test_0123456789abcdefghij";

/// Which protocol the shop speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Signed,
    Stripe,
}

pub(crate) const PROTOCOLS: [Protocol; 2] = [Protocol::Signed, Protocol::Stripe];

/// A running `earmark sandbox-gateway`.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: SocketAddr,
    client: Client,
}

impl Gateway {
    /// Starts it on a ledger in this folder, with further arguments.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_at(folder, "127.0.0.1:0".parse().unwrap(), arguments)
    }

    fn start_at(folder: &Path, listen: SocketAddr, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
        command.arg("sandbox-gateway").args(["--listen", &listen.to_string()]).arg("--ledger");
        command.arg(folder.join("ledger.jsonl")).args(arguments).env("EARMARK_GATEWAY_SECRET", SECRET);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("the address comes first").parse().unwrap();
        Self { child, address, client: Client::anonymous(address, PATIENCE) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it with SIGKILL and starts it again on the same ledger and address.
    pub(crate) fn restart(&mut self, folder: &Path, arguments: &[&str]) {
        self.kill();
        *self = Self::start_at(folder, self.address, arguments);
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Everything that it believes it did.
    pub(crate) async fn entries(&self) -> Vec<Value> {
        let answer = self.client.get("/ledger").await.unwrap();
        let body: Value = answer.json().unwrap();
        body["entries"].as_array().unwrap().clone()
    }

    pub(crate) async fn calls(&self) -> u64 {
        let stats = self.client.get("/stats").await.unwrap().json().unwrap();
        stats.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
    }

    pub(crate) async fn set_faults(&self, faults: &Value) {
        let answer = self.client.put("/faults", faults).await.unwrap();
        assert_eq!(answer.status, 204, "{}", answer.excerpt());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `earmark serve` before a gateway.
pub(crate) struct Shop {
    pub(crate) server: ServerProcess,
    pub(crate) client: Client,
}

impl Shop {
    /// A server on a database in this folder, with a hundred thousand units of one item at 999.
    pub(crate) async fn open(folder: &Path, gateway: &Gateway, protocol: Protocol) -> Self {
        Self::open_with(folder, gateway, protocol, None).await
    }

    /// The same, with a secret for the notifications of the gateway, which the sandbox signs with
    /// its own.
    pub(crate) async fn open_listening(folder: &Path, gateway: &Gateway, protocol: Protocol) -> Self {
        let environment = vec![("EARMARK_GATEWAY_WEBHOOK_SECRET".into(), SECRET.into())];
        Self::open_at(folder, &gateway.url(), protocol, environment).await
    }

    /// The same, with a fault put in on purpose.
    pub(crate) async fn open_with(
        folder: &Path,
        gateway: &Gateway,
        protocol: Protocol,
        mistake: Option<&str>,
    ) -> Self {
        let environment = mistake.map(|mistake| ("EARMARK_FAULT".into(), mistake.into()));
        Self::open_at(folder, &gateway.url(), protocol, environment.into_iter().collect()).await
    }

    /// The same, before a gateway at any URL, with further environment variables.
    pub(crate) async fn open_at(
        folder: &Path,
        url: &str,
        protocol: Protocol,
        environment: Vec<(String, String)>,
    ) -> Self {
        let mut options = ServerOptions::new(env!("CARGO_BIN_EXE_earmark"), folder);
        let arguments = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let (arguments, secret) = match protocol {
            Protocol::Signed => (arguments(&["--gateway", &format!("http:{url}")]), SECRET),
            Protocol::Stripe => {
                let url = format!("{url}/stripe");
                (arguments(&["--gateway", "stripe", "--gateway-url", &url]), STRIPE_KEY)
            }
        };
        options.arguments = arguments;
        options.arguments.extend(["--gateway-timeout".into(), "1s".into()]);
        options.environment = vec![("EARMARK_GATEWAY_SECRET".into(), secret.into())];
        options.environment.extend(environment);
        let mut server = ServerProcess::start(options).unwrap();
        server.wait_ready(PATIENCE).await.unwrap();
        let shop = Self { client: server.client(), server };
        let item = json!({"name": "Item", "unit_price": 999});
        expect(&[201], &shop.client.put("/v1/items/A", &item).await.unwrap());
        let adjustment = json!({"delta": 100_000, "reason": "received"});
        expect(
            &[201],
            &shop.client.post("/v1/items/A/adjustments", Some("stock"), &adjustment).await.unwrap(),
        );
        shop
    }

    /// Ends the server with SIGKILL and starts it again on the same file.
    pub(crate) async fn restart(&mut self) {
        self.server.restart().unwrap();
        self.server.wait_ready(PATIENCE).await.unwrap();
        self.client = self.server.client();
    }

    /// A confirmed order of so many units; gives its path.
    pub(crate) async fn order(&self, key: &str, quantity: u32) -> String {
        let body = json!({"lines": [{"sku": "A", "quantity": quantity}], "confirm": true});
        let order = expect(&[201], &self.client.post("/v1/orders", Some(key), &body).await.unwrap());
        format!("/v1/orders/{}", order["id"].as_str().unwrap())
    }

    /// Pays it. The answer may be any of those that the contract allows.
    pub(crate) async fn pay(&self, order: &str, key: &str, token: &str) -> Value {
        let body = json!({"method": {"token": token}});
        let answer = self.client.post(&format!("{order}/payments"), Some(key), &body).await.unwrap();
        expect(&[201, 202, 402], &answer)
    }

    pub(crate) async fn cancel(&self, order: &str, key: &str, quantity: Option<u32>) {
        let lines = quantity.map(|quantity| json!([{"sku": "A", "quantity": quantity}]));
        let mut body = json!({"reason": "customer"});
        if let Some(lines) = lines {
            body["lines"] = lines;
        }
        expect(&[200], &self.client.post(&format!("{order}/cancel"), Some(key), &body).await.unwrap());
    }

    pub(crate) async fn read(&self, path: &str) -> Value {
        expect(&[200], &self.client.get(path).await.unwrap())
    }

    /// Reads an order until none of its money is on its way any more.
    pub(crate) async fn settled(&self, order: &str) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let body = self.read(order).await;
            let all =
                ["payments", "refunds"].into_iter().flat_map(|list| body[list].as_array().unwrap().clone());
            if all.clone().all(|row| row["status"] != "PENDING") {
                return body;
            }
            assert!(tokio::time::Instant::now() < deadline, "never settled: {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What a side has of one payment or refund: whether money moved, and how much.
type Moved = BTreeMap<String, i64>;

/// Waits until all is settled, then compares the server with the gateway's ledger to the minor
/// unit. Gives the sums taken and given back.
pub(crate) async fn assert_both_sides_agree(shop: &Shop, gateway: &Gateway, orders: &[String]) -> (i64, i64) {
    let sums = compare_sides(shop, gateway, orders).await.unwrap();
    let report = shop.read("/v1/verify").await;
    assert_eq!(report["breaches"], json!([]), "{report}");
    sums
}

/// The comparison alone; an error says what differs.
pub(crate) async fn compare_sides(
    shop: &Shop,
    gateway: &Gateway,
    orders: &[String],
) -> Result<(i64, i64), String> {
    let mut ours: [Moved; 2] = Default::default();
    for order in orders {
        let order = shop.settled(order).await;
        for (side, list) in ["payments", "refunds"].into_iter().enumerate() {
            for row in order[list].as_array().unwrap().iter().filter(|row| row["status"] == "SUCCEEDED") {
                ours[side].insert(row["id"].as_str().unwrap().into(), row["amount"].as_i64().unwrap());
            }
        }
        let captured = order["paid_total"].as_i64().unwrap();
        if order["refunded_total"].as_i64().unwrap() > captured {
            return Err(format!("more went back than was taken: {order}"));
        }
    }
    let mut theirs: [Moved; 2] = Default::default();
    for entry in gateway.entries().await.iter().filter(|entry| entry["status"] == "done") {
        let side = usize::from(entry["kind"] == "refund");
        let amount = entry["amount"].as_i64().unwrap();
        if theirs[side].insert(entry["id"].as_str().unwrap().into(), amount).is_some() {
            return Err(format!("twice under one id: {entry}"));
        }
    }
    if ours == theirs {
        Ok((ours[0].values().sum(), ours[1].values().sum()))
    } else {
        Err(format!("the server says {ours:?}, the gateway {theirs:?}"))
    }
}

/// The body of an answer that must have one of these statuses.
#[track_caller]
pub(crate) fn expect(statuses: &[u16], response: &Response) -> Value {
    assert!(statuses.contains(&response.status), "{}", response.excerpt());
    response.json().unwrap()
}

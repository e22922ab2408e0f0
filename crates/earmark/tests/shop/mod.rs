//! A real server on a throw-away database, from outside.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part of it")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use earmark_load::{Client, Response, ServerOptions, ServerProcess};
use serde_json::{Value, json};

/// How long a server may take to be ready; generous, since machines are shared.
const READY_WITHIN: Duration = Duration::from_secs(60);

pub(crate) struct Shop {
    pub(crate) server: ServerProcess,
    pub(crate) client: Client,
    folder: tempfile::TempDir,
}

impl Shop {
    /// A server with these further arguments, ready.
    pub(crate) async fn open(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = ServerOptions::new(env!("CARGO_BIN_EXE_earmark"), folder.path());
        options.arguments = arguments.iter().map(|&argument| argument.into()).collect();
        let mut server = ServerProcess::start(options).unwrap();
        server.wait_ready(READY_WITHIN).await.unwrap();
        let client = server.client();
        Self { server, client, folder }
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The server again, on the same file.
    pub(crate) async fn restart(&mut self) {
        self.server.restart().unwrap();
        self.server.wait_ready(READY_WITHIN).await.unwrap();
        self.client = self.server.client();
    }

    /// Puts an item with so many units.
    pub(crate) async fn stock(&self, sku: &str, on_hand: u32) {
        let item = json!({"name": format!("Item {sku}"), "unit_price": 999});
        expect(201, &self.client.put(&format!("/v1/items/{sku}"), &item).await.unwrap());
        if on_hand > 0 {
            let adjustment = json!({"delta": on_hand, "reason": "received"});
            let path = format!("/v1/items/{sku}/adjustments");
            expect(201, &self.client.post(&path, Some(&format!("stock-{sku}")), &adjustment).await.unwrap());
        }
    }

    /// The counters `on_hand`, `reserved` and `available` of an item.
    pub(crate) async fn counters(&self, sku: &str) -> (u64, u64, u64) {
        let item = self.read(&format!("/v1/items/{sku}")).await;
        let count = |name: &str| item[name].as_u64().unwrap();
        (count("on_hand"), count("reserved"), count("available"))
    }

    pub(crate) async fn read(&self, path: &str) -> Value {
        expect(200, &self.client.get(path).await.unwrap())
    }

    /// A confirmed order of these lines.
    pub(crate) async fn order(&self, key: &str, lines: &[(&str, u32)]) -> Value {
        let lines: Vec<_> =
            lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
        let body = json!({"lines": lines, "confirm": true});
        expect(201, &self.client.post("/v1/orders", Some(key), &body).await.unwrap())
    }

    pub(crate) async fn assert_nothing_is_breached(&self) {
        let report = self.read("/v1/verify").await;
        assert_eq!(report["breaches"], json!([]), "{report}");
    }
}

/// The body of an answer that must have this status.
#[track_caller]
pub(crate) fn expect(status: u16, response: &Response) -> Value {
    assert_eq!(response.status, status, "{}", response.excerpt());
    if response.body.is_empty() { Value::Null } else { response.json().unwrap() }
}

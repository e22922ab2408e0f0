//! Where does a run take place? Servers on one database before one gateway, and what is asked of them when it is over.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use earmark_load::audit::{Breach, BreachKind};
use earmark_load::client::{Client, Request};
use earmark_load::commands::send_to_any;
use earmark_load::random::{Random, key};
use earmark_load::{Database, LoadError, Nodes, NodesOptions, catalogue};
use serde_json::{Value, json};

use super::gateway::{Gateway, SECRET};
use super::judge::{self, Told};
use crate::stage::FAULT;

/// Items for sale, and units of each: more than all orders take.
pub(crate) const SKUS: u32 = 50;
const ON_HAND: u64 = 10_000_000;
/// How soon everything must be final once nothing fails any more.
pub(crate) const FINAL_MAX: Duration = Duration::from_secs(120);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// What `earmark verify` and `earmark reconcile` may take.
const TOOL_LIMIT: Duration = Duration::from_secs(120);

/// What to open.
#[derive(Debug, Clone)]
pub(crate) struct ShopOptions {
    pub(crate) earmark: PathBuf,
    pub(crate) database: Database,
    pub(crate) nodes: u32,
    pub(crate) gateway_timeout: Duration,
    /// A rule that the servers break, or a step at which they die.
    pub(crate) fault: Option<String>,
}

/// The servers of a run.
#[derive(Debug)]
pub(crate) struct Shop {
    earmark: PathBuf,
    gateway: String,
    pub(crate) nodes: Nodes,
}

impl Shop {
    /// Starts the servers, with things for sale.
    pub(crate) async fn open(options: &ShopOptions, gateway_url: &str) -> Result<Shop, LoadError> {
        let gateway = format!("http:{gateway_url}");
        let timeout = format!("{}ms", options.gateway_timeout.as_millis());
        let arguments = ["--gateway", &gateway, "--gateway-timeout", &timeout, "--log", "error"];
        let mut environment = vec![("EARMARK_GATEWAY_SECRET".to_owned(), SECRET.to_owned())];
        environment.extend(options.fault.clone().map(|fault| (FAULT.to_owned(), fault)));
        let nodes = NodesOptions {
            arguments: arguments.map(str::to_owned).to_vec(),
            environment,
            ..NodesOptions::new(&options.earmark, options.database.clone(), options.nodes)
        };
        let nodes = Nodes::start_ready(&nodes).await?;
        catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
        Ok(Shop { earmark: options.earmark.clone(), gateway, nodes })
    }

    /// Where the gateway's hints go.
    pub(crate) fn webhook_url(&self) -> String {
        format!("http://{}/v1/gateways/http/webhook", self.nodes.first().address())
    }

    pub(crate) fn client(&self) -> Client {
        self.nodes.first().client()
    }

    /// Waits until no payment and no refund is PENDING; what still is after `limit` is a breach. Returns the time that it took.
    pub(crate) async fn wait_until_final(
        &self,
        limit: Duration,
    ) -> Result<(Duration, Vec<Breach>), LoadError> {
        let (client, start) = (self.client(), Instant::now());
        loop {
            let mut open = catalogue::list(&client, "/v1/payments?status=PENDING").await?;
            open.extend(catalogue::list(&client, "/v1/refunds?status=PENDING").await?);
            if open.is_empty() {
                return Ok((start.elapsed(), Vec::new()));
            }
            if start.elapsed() > limit {
                let breach = |row: &Value| {
                    let subject = row["id"].as_str().unwrap_or_default();
                    Breach::new(BreachKind::Stalled, subject, format!("still PENDING: {row}"))
                };
                return Ok((start.elapsed(), open.iter().map(breach).collect()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Gives back what customers are owed because a gateway refused their refund: asked for again under a new id, as a clerk would. Returns how often.
    pub(crate) async fn give_back(&self, random: &mut Random) -> Result<u64, LoadError> {
        let (client, mut made) = (self.client(), 0);
        for order in catalogue::list(&client, "/v1/orders").await? {
            let owed = -order["balance_due"].as_i64().unwrap_or_default();
            if owed > 0 {
                let id = order["id"].as_str().unwrap_or_default();
                let request = refund(&key(random), id, owed);
                catalogue::expect(&client, &request, 201).await?;
                made += 1;
            }
        }
        Ok(made)
    }

    /// Compares our books with the gateway's ledger and with what customers were told, and proves the books in themselves.
    pub(crate) async fn judge(&self, gateway: &Gateway, told: &Told) -> Result<Vec<Breach>, LoadError> {
        let orders = catalogue::list(&self.client(), "/v1/orders").await?;
        let mut breaches = judge::judge(&orders, &gateway.entries().await?, told);
        let verified = self.nodes.verify(TOOL_LIMIT).await?;
        if !verified.passed {
            breaches.push(Breach::new(BreachKind::BooksWrong, "earmark verify", verified.output));
        }
        breaches.extend(self.reconcile().await?);
        Ok(breaches)
    }

    /// What `earmark reconcile` finds.
    async fn reconcile(&self) -> Result<Option<Breach>, LoadError> {
        let server = self.nodes.first();
        let mut command = tokio::process::Command::new(&self.earmark);
        command.args(["reconcile", "--json", "--from", "2020-01-01", "--to", "2200-01-01"]);
        command.args(["--server", &format!("http://{}", server.address()), "--key", server.admin_key()]);
        command.args(["--gateway", &self.gateway]).env("EARMARK_GATEWAY_SECRET", SECRET);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let late = |_| LoadError::Server("`earmark reconcile` does not end".to_owned());
        let output = tokio::time::timeout(TOOL_LIMIT, command.output()).await.map_err(late)?;
        let output = output.map_err(LoadError::file(&self.earmark))?;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let breach = || Breach::new(BreachKind::BooksWrong, "earmark reconcile", text);
        Ok((!output.status.success()).then(breach))
    }
}

/// Gives so much of an order back.
pub(crate) fn refund(key: &str, order: &str, amount: i64) -> Request {
    let body = json!({ "amount": amount, "reason": "customer" });
    Request::new("POST", format!("/v1/orders/{order}/refunds")).with_key(key).with_body(&body)
}

/// The token of a charge that the gateway never speaks of with the right amount: only a person can end the payment.
pub(crate) const NEVER_RIGHT: &str = "tok_wrong_amount";

/// What an eager clerk ends in one go.
const EAGER_MAX: u64 = 2;

/// Which payments a clerk ends by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clerk {
    /// Any, at the same time as the server may; few, so that most are left to the server.
    Eager,
    /// Those that only a person can end.
    Patient,
}

/// Ends what our books still wait for although the gateway's ledger says what became of it, by a person's word; returns how often that was taken.
pub(crate) async fn resolve_by_hand(
    clients: &[Client],
    gateway: &Gateway,
    (clerk, random): (Clerk, &mut Random),
) -> Result<u64, LoadError> {
    let pending = Request::new("GET", "/v1/payments?status=PENDING&limit=200");
    let answer = send_to_any(clients, 0, &pending).await?.response;
    let rows = answer.json().map_err(LoadError::client(pending.name()))?;
    let entries = gateway.entries().await?;
    let mut resolved = 0;
    for row in rows["data"].as_array().into_iter().flatten() {
        if clerk == Clerk::Eager && resolved >= EAGER_MAX {
            break;
        }
        if clerk == Clerk::Patient && row["method"]["token"] != NEVER_RIGHT {
            continue;
        }
        let is_it = |entry: &&Value| entry["kind"] == "charge" && entry["id"] == row["id"];
        // What the gateway has not heard of may still be on its way; that waits.
        let Some(entry) = entries.iter().find(is_it) else { continue };
        let id = row["id"].as_str().unwrap_or_default();
        let note = "seen in the gateway's ledger";
        let body = match entry["status"].as_str() {
            Some("done") => {
                json!({ "status": "SUCCEEDED", "note": note, "gateway_reference": entry["reference"] })
            }
            _ => json!({ "status": "FAILED", "note": note }),
        };
        let request = Request::new("POST", format!("/v1/payments/{id}/resolve"));
        let request = request.with_key(key(random)).with_body(&body);
        let answer = send_to_any(clients, 0, &request).await?.response;
        match (answer.status, answer.code()) {
            (200, _) => resolved += 1,
            // The gateway was asked meanwhile.
            (409, "payment_settled") => {}
            (status, _) => {
                return Err(LoadError::Unexpected {
                    request: request.name(),
                    status,
                    body: answer.excerpt(),
                });
            }
        }
    }
    Ok(resolved)
}

/// The options of a shop on a file, or on a database that others share.
pub(crate) fn options(earmark: &Path, database: Database, gateway_timeout: Duration) -> ShopOptions {
    ShopOptions { earmark: earmark.to_owned(), database, nodes: 1, gateway_timeout, fault: None }
}

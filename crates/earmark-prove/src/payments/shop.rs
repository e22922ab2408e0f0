//! Which servers take the payments of a run? Nodes on one database in front of one gateway; when
//! the run is over, what they have stored is compared with the gateway's ledger.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use earmark_load::{Client, Database, LoadError, Nodes, NodesOptions, catalogue, requests};
use serde_json::Value;

use super::gateway::{Gateway, SECRET};
use super::ledgers::{self, Acknowledged};
use crate::check::{Breach, BreachKind};
use crate::setup;

/// Items for sale, and units of each: more than all orders take.
pub(crate) const SKUS: u32 = 50;
const ON_HAND: u64 = 10_000_000;
/// How soon everything must be final once nothing fails any more.
pub(crate) const FINAL_MAX: Duration = Duration::from_secs(120);
/// Between two reads of what is PENDING.
const PAUSE: Duration = Duration::from_millis(100);
/// What `earmark reconcile` may take.
const RECONCILE_LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Clone)]
pub(crate) struct ShopOptions {
    pub(crate) earmark: PathBuf,
    pub(crate) database: Database,
    pub(crate) nodes: u32,
    pub(crate) gateway_timeout: Duration,
    /// The name of a fault that the servers put in on purpose.
    pub(crate) fault: Option<String>,
}

impl ShopOptions {
    /// One server without a fault.
    pub(crate) fn new(earmark: &Path, database: Database, gateway_timeout: Duration) -> ShopOptions {
        ShopOptions { earmark: earmark.to_owned(), database, nodes: 1, gateway_timeout, fault: None }
    }
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
        environment.extend(setup::fault_environment(options.fault.as_deref()));
        let nodes = NodesOptions {
            arguments: arguments.map(str::to_owned).to_vec(),
            environment,
            ..NodesOptions::new(&options.earmark, options.database.clone(), options.nodes)
        };
        let nodes = Nodes::start_ready(&nodes).await?;
        catalogue::create(&nodes.first().client(), u64::from(SKUS), ON_HAND).await?;
        Ok(Shop { earmark: options.earmark.clone(), gateway, nodes })
    }

    /// Where the gateway's notifications go.
    pub(crate) fn notifications_url(&self) -> String {
        format!("http://{}/v1/gateways/http/webhook", self.nodes.first().address())
    }

    pub(crate) fn client(&self) -> Client {
        self.nodes.first().client()
    }

    /// Waits until no payment and no refund is PENDING; one that still is after `limit` is a
    /// breach. Returns the time that it took as well.
    pub(crate) async fn wait_until_final(
        &self,
        limit: Duration,
    ) -> Result<(Duration, Vec<Breach>), LoadError> {
        let (client, start) = (self.client(), Instant::now());
        loop {
            let mut open = requests::list(&client, "/v1/payments?status=PENDING").await?;
            open.extend(requests::list(&client, "/v1/refunds?status=PENDING").await?);
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

    /// Compares what is stored with the gateway's ledger and with what was acknowledged, and runs
    /// `earmark verify` and `earmark reconcile`.
    pub(crate) async fn check(
        &self,
        gateway: &Gateway,
        acknowledged: &Acknowledged,
    ) -> Result<Vec<Breach>, LoadError> {
        let orders = requests::list(&self.client(), "/v1/orders").await?;
        let mut breaches = ledgers::compare(&orders, &gateway.entries().await?, acknowledged);
        breaches.extend(setup::verify(&self.nodes).await?);
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
        let output = tokio::time::timeout(RECONCILE_LIMIT, command.output()).await.map_err(late)?;
        let output = output.map_err(LoadError::file(&self.earmark))?;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let breach = || Breach::new(BreachKind::VerifyFailed, "earmark reconcile", text);
        Ok((!output.status.success()).then(breach))
    }
}

//! A server to try: a throw-away database, a catalogue of real products, a sandbox gateway, and
//! three requests to send.
//!
//! It is the same server as `earmark serve`, with a key that is no secret and so on loopback only.

use std::process::ExitCode;

use anyhow::Context;
use earmark_core::Action;
use earmark_core::ids::AdjustmentId;
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;

use crate::cli::{DemoOptions, ServeOptions};
use crate::config::Config;
use crate::import::rows::{ItemRow, read_rows};
use crate::logging;
use crate::operator::submit;
use crate::serve::Server;
use crate::stop::{run_server, stop_signal};
use crate::usage::WrongUsage;

/// Real products, see `data/README.md`.
const CATALOGUE: &str = include_str!("../data/catalogue.csv");
/// The demo's key is no secret, so the demo listens to this machine only.
const DEMO_KEY: &str = "demo-key-of-a-throw-away-database";

/// `earmark demo`: runs until it is stopped, and keeps nothing.
pub(crate) fn command(options: &DemoOptions) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        options.listen.ip().is_loopback(),
        WrongUsage("--listen: the demo's key is no secret, so it listens on loopback only".into())
    );
    logging::start(None, &options.log)?;
    let folder =
        tempfile::Builder::new().prefix("earmark-demo-").tempdir().context("cannot make a folder")?;
    let serve = ServeOptions {
        database: Some(format!("sqlite:{}", folder.path().join("demo.db").display())),
        listen: Some(options.listen),
        currency: Some("GBP".into()),
        admin_key: Some(DEMO_KEY.into()),
        ..ServeOptions::default()
    };
    let config = Config::new(serve)?;
    run_server(run(config))
}

async fn run(config: Config) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let server = Server::start(config).await?;
    let rows = read_rows(CATALOGUE.as_bytes())?;
    anyhow::ensure!(rows.bad.is_empty(), "the catalogue has bad rows: {:?}", rows.bad);
    let items = rows.good.len();
    for (number, row) in rows.good.into_iter().enumerate() {
        stock(&server, row, number as u128).await?;
    }
    greet(&server, items)?;
    server.serve(stop).await
}

/// Puts an item and its stock into the database.
async fn stock(server: &Server, row: ItemRow, number: u128) -> anyhow::Result<()> {
    let put = PutItem {
        sku: row.sku.clone(),
        name: row.name,
        unit_price: row.unit_price,
        description: row.description,
        active: row.active,
        image_url: row.image_url,
        metadata: None,
    };
    submit(&server.store, Action::PutItem(put), None).await?;
    let change = StockChange::To { on_hand: row.on_hand, expected_on_hand: Some(0) };
    let reason = AdjustmentReason::Received;
    let adjust = AdjustStock { id: AdjustmentId(number), sku: row.sku, change, reason, note: None };
    submit(&server.store, Action::AdjustStock(adjust), None).await.map(drop)
}

/// Prints the address and what to try.
fn greet(server: &Server, items: usize) -> anyhow::Result<()> {
    let address = server.address()?;
    println!(
        r#"Earmark is running on a throw-away database with {items} items in stock.

  address    http://{address}
  reference  http://{address}/docs
  admin key  {DEMO_KEY}

Three things to try, in another terminal:

1. What is for sale?

  curl -s 'http://{address}/v1/items?limit=2'

2. Order two, confirmed. Send it twice: the second answer is the first one again, and nothing is sold twice.

  curl -s http://{address}/v1/orders -H 'Authorization: Bearer {DEMO_KEY}' \
    -H 'Content-Type: application/json' -H 'Idempotency-Key: first-order' \
    -d '{{"lines": [{{"sku": "20725", "quantity": 2}}], "reference": "A-1", "confirm": true}}'

3. Verify what is stored: counters = movements = open order lines, money in = captured - refunded.

  curl -s http://{address}/v1/verify -H 'Authorization: Bearer {DEMO_KEY}'

The README's tour goes on from here. Ctrl-C stops the server; nothing is kept."#
    );
    Ok(())
}

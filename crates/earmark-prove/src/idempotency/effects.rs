//! Did each command happen once? All orders, carts and counters are read, and compared with what
//! one effect for each key makes them.

use std::collections::{BTreeMap, HashMap};

use earmark_load::{LoadError, Nodes, requests};
use serde_json::Value;

use super::copies::{Run, SKUS};
use crate::check::{Breach, BreachKind, ExpectedStock};
use crate::setup;

/// Units of each item: more than all commands can take.
pub(super) const ON_HAND: u64 = 10_000_000;
/// Orders that are looked up by their reference.
const REFERENCES: usize = 200;

/// Compares everything, and reports every breach to the run.
pub(super) async fn check(run: &Run, nodes: &Nodes) -> Result<(), LoadError> {
    let unmarked = run.replays().finish();
    run.report(unmarked);
    check_orders(run).await?;
    check_carts(run).await?;

    let mut stock = ExpectedStock::new(SKUS, ON_HAND);
    run.orders().iter().for_each(|order| stock.add_order(order));
    run.adjustments().iter().for_each(|&(sku, delta)| stock.adjust(sku, delta));
    let items = requests::list(run.client(), "/v1/items").await?;
    run.report(stock.compare(&items));

    run.report(setup::verify(nodes).await?);
    Ok(())
}

async fn check_orders(run: &Run) -> Result<(), LoadError> {
    let shown = requests::list(run.client(), "/v1/orders").await?;
    let expected = run.orders().clone();
    let by_id: HashMap<&str, &Value> =
        shown.iter().filter_map(|order| Some((order["id"].as_str()?, order))).collect();
    for order in &expected {
        match by_id.get(order.id.as_str()) {
            Some(seen) => run.report(order.compare(seen)),
            None => run.report([Breach::new(BreachKind::Lost, &order.id, "is not in the list of orders")]),
        }
    }
    if shown.len() != expected.len() {
        let detail = format!("{} orders are shown, {} were made", shown.len(), expected.len());
        run.report([Breach::new(BreachKind::Doubled, "orders", detail)]);
    }
    let mut references: BTreeMap<&str, u32> = BTreeMap::new();
    for order in &shown {
        *references.entry(order["reference"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for (reference, count) in references.into_iter().filter(|&(_, count)| count > 1) {
        run.report([Breach::new(
            BreachKind::Doubled,
            format!("reference {reference}"),
            format!("{count} orders"),
        )]);
    }
    for order in expected.iter().step_by((expected.len() / REFERENCES).max(1)) {
        let found =
            requests::list(run.client(), &format!("/v1/orders?reference={}", order.reference)).await?;
        if found.len() != 1 || found[0]["id"] != order.id.as_str() {
            let detail = format!("finds {} orders, must find {}", found.len(), order.id);
            run.report([Breach::new(BreachKind::Doubled, format!("reference {}", order.reference), detail)]);
        }
    }
    Ok(())
}

async fn check_carts(run: &Run) -> Result<(), LoadError> {
    let carts = run.carts().clone();
    for cart in &carts {
        let seen = requests::read(run.client(), &format!("/v1/carts/{}", cart.id)).await?;
        let lines = seen["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        let line = |line: &Value| {
            let sku = line["sku"].as_str().and_then(|sku| sku.strip_prefix("SKU-")?.parse::<u32>().ok());
            Some((sku?, line["quantity"].as_u64()?.try_into().ok()?))
        };
        let shown: BTreeMap<u32, u32> = lines.iter().filter_map(line).collect();
        if shown != cart.lines {
            let detail = format!("holds {shown:?}, must hold {:?}", cart.lines);
            run.report([Breach::new(BreachKind::CartDiffers, format!("cart {}", cart.id), detail)]);
        }
    }
    Ok(())
}

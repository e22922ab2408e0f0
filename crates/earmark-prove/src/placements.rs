//! Is stored what the writers were answered? When the load is over, all orders and all items are
//! read, and `earmark verify` is run.
//!
//! Invariant: a placed order is stored once and as placed, a refused one is not stored, one without
//! an answer is stored once at most, and stock is what these orders make it.

use std::collections::HashMap;

use earmark_load::{LoadError, Nodes, requests};
use serde::Serialize;
use serde_json::Value;

use crate::check::{Breach, BreachKind, ExpectedOrder, ExpectedStock};
use crate::setup;
use crate::writers::{End, Placement, Writer};

/// What was for sale before the load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stock {
    pub(crate) skus: u32,
    pub(crate) on_hand: u64,
}

/// How many orders had which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Orders that were acknowledged.
    pub(crate) placed: u64,
    /// Orders refused for want of stock.
    pub(crate) out_of_stock: u64,
    /// Orders without an answer for good.
    pub(crate) unknown: u64,
    /// Placed orders that are not stored, or not as placed.
    pub(crate) lost: u64,
    /// Orders that are stored twice, or that no writer has placed.
    pub(crate) doubled: u64,
}

/// How the orders of all writers ended, and what is wrong: with the writers' answers, with the
/// nodes, and with what is stored.
pub(crate) async fn check(
    nodes: &mut Nodes,
    writers: &mut [Writer],
    stock: Stock,
) -> Result<(Counts, Vec<Breach>), LoadError> {
    let mut breaches: Vec<_> = writers.iter_mut().flat_map(|writer| writer.breaches.drain(..)).collect();
    breaches.extend(setup::ended(nodes));
    let client = nodes.first().client();
    let shown = requests::list(&client, "/v1/orders").await?;
    let mut by_reference: HashMap<&str, Vec<&Value>> = HashMap::new();
    for order in &shown {
        by_reference.entry(order["reference"].as_str().unwrap_or_default()).or_default().push(order);
    }
    let mut found = Found::new(stock);
    for placement in writers.iter().flat_map(|writer| &writer.placements) {
        let shown = by_reference.remove(placement.reference.as_str()).unwrap_or_default();
        found.compare(placement, &shown);
    }
    for (reference, shown) in by_reference {
        found.counts.doubled += shown.len() as u64;
        found.breaches.push(Breach::new(BreachKind::Doubled, reference, "no writer has placed this"));
    }
    breaches.extend(found.breaches);
    breaches.extend(found.stock.compare(&requests::list(&client, "/v1/items").await?));
    breaches.extend(setup::verify(nodes).await?);
    Ok((found.counts, breaches))
}

struct Found {
    counts: Counts,
    breaches: Vec<Breach>,
    stock: ExpectedStock,
}

impl Found {
    fn new(stock: Stock) -> Found {
        let stock = ExpectedStock::new(stock.skus, stock.on_hand);
        Found { counts: Counts::default(), breaches: Vec::new(), stock }
    }

    fn compare(&mut self, placement: &Placement, shown: &[&Value]) {
        let reference = placement.reference.as_str();
        if shown.len() > 1 {
            self.counts.doubled += 1;
            let detail = format!("{} orders", shown.len());
            self.breaches.push(Breach::new(BreachKind::Doubled, reference, detail));
        }
        match (&placement.end, shown.first()) {
            (End::Placed(order), Some(seen)) => {
                self.counts.placed += 1;
                let wrong = order.compare(seen);
                self.counts.lost += u64::from(!wrong.is_empty());
                self.breaches.extend(wrong);
                self.stock.add_order(order);
            }
            (End::Placed(order), None) => {
                self.counts.placed += 1;
                self.counts.lost += 1;
                self.breaches.push(Breach::new(
                    BreachKind::Lost,
                    reference,
                    format!("{} is not stored", order.id),
                ));
            }
            (End::OutOfStock, None) => self.counts.out_of_stock += 1,
            (End::OutOfStock, Some(_)) => {
                self.counts.out_of_stock += 1;
                self.breaches.push(Breach::new(BreachKind::Doubled, reference, "was refused, and is stored"));
            }
            (End::Unknown, seen) => {
                self.counts.unknown += 1;
                // It holds what it was sent with, or nothing.
                if seen.is_some() {
                    self.stock.add_order(&ExpectedOrder::placed("unknown", reference, &placement.lines));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn placement(end: End) -> Placement {
        Placement { reference: "w0-0".to_owned(), lines: vec![(0, 1)], end }
    }

    fn placed() -> End {
        let mut order = ExpectedOrder::placed("ord_1", "w0-0", &[(0, 1)]);
        order.confirmed = true;
        End::Placed(order)
    }

    fn seen() -> Value {
        json!({
            "id": "ord_1", "reference": "w0-0", "version": 2, "status": "CONFIRMED", "payments": [],
            "lines": [{"sku": "SKU-000000", "quantity": 1, "cancelled": 0, "shipped": 0, "delivered": 0}],
            "total": 100, "placed_total": 100, "paid_total": 0, "balance_due": 100,
        })
    }

    #[track_caller]
    fn check_kinds(end: End, shown: &[&Value], expected: &[BreachKind]) {
        let mut found = Found::new(Stock { skus: 1, on_hand: 10 });
        found.compare(&placement(end), shown);
        assert_eq!(found.breaches.iter().map(|breach| breach.kind).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_end_is_compared_with_what_is_stored() {
        let seen = seen();
        check_kinds(placed(), &[&seen], &[]);
        check_kinds(placed(), &[], &[BreachKind::Lost]);
        check_kinds(placed(), &[&seen, &seen], &[BreachKind::Doubled]);
        check_kinds(End::OutOfStock, &[], &[]);
        check_kinds(End::OutOfStock, &[&seen], &[BreachKind::Doubled]);
        check_kinds(End::Unknown, &[], &[]);
        check_kinds(End::Unknown, &[&seen], &[]);
    }
}

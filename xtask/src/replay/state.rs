//! What must the shop hold in the end? Its items, orders and revenue, added up from the rows and
//! their fates alone; and how the expected state is compared with the one that is found.
//!
//! Invariant: integers only, and nothing here comes from the server or from the plan's own sums:
//! stock, totals and revenue are added up row by row.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;

use crate::replay::fates::Fate;
use crate::replay::rows::Row;

/// What a shop holds, as it is expected or found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ShopState {
    pub(crate) items: BTreeMap<String, ItemState>,
    pub(crate) orders: BTreeMap<String, OrderState>,
    /// Pence taken and not given back.
    pub(crate) revenue: i64,
}

/// The counters of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ItemState {
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
}

/// The sums of one order, in pence, and its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OrderState {
    /// As the contract spells it.
    pub(crate) status: String,
    /// None for an order of a guest.
    pub(crate) customer: Option<String>,
    pub(crate) placed_total: i64,
    /// Of what is not cancelled.
    pub(crate) total: i64,
    pub(crate) paid_total: i64,
    pub(crate) refunded_total: i64,
    /// Nothing, in the end.
    pub(crate) balance_due: i64,
    pub(crate) lines: BTreeMap<String, LineState>,
}

/// The counters of one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LineState {
    pub(crate) unit_price: i64,
    pub(crate) quantity: i64,
    pub(crate) cancelled: i64,
    pub(crate) shipped: i64,
    pub(crate) delivered: i64,
}

/// What the shop must hold when each row met its fate and `received` was there before the first
/// sale.
pub(crate) fn expected(rows: &[Row], fates: &[Fate], received: &BTreeMap<String, i64>) -> ShopState {
    let mut state = ShopState::default();
    for (sku, units) in received {
        state.items.entry(sku.clone()).or_default().on_hand = *units;
    }
    for (row, fate) in rows.iter().zip(fates) {
        let (Some(quantity), Some(unit_price)) = (row.quantity, row.unit_price) else { continue };
        let sku = row.sku();
        match fate {
            Fate::Sold { reference } => {
                state.items.entry(sku.clone()).or_default().on_hand -= quantity;
                let order = state.orders.entry(reference.clone()).or_default();
                order.customer.clone_from(&row.customer);
                order.placed_total += quantity * unit_price;
                let line = order.lines.entry(sku).or_default();
                line.unit_price = unit_price;
                line.quantity += quantity;
            }
            Fate::Corrected => state.items.entry(sku).or_default().on_hand += quantity,
            Fate::Cancelled { takes, .. } => {
                for (reference, units) in takes {
                    state.items.entry(sku.clone()).or_default().on_hand += units;
                    let order = state.orders.entry(reference.clone()).or_default();
                    let line = order.lines.entry(sku.clone()).or_default();
                    line.cancelled += units;
                    order.refunded_total += units * line.unit_price;
                }
            }
            _ => {}
        }
    }
    state.settle();
    state
}

impl ShopState {
    /// In the end all is paid, and all that was not cancelled is delivered.
    fn settle(&mut self) {
        for order in self.orders.values_mut() {
            order.paid_total = order.placed_total;
            order.total = order.placed_total - order.refunded_total;
            order.balance_due = 0;
            let mut units_left = 0;
            for line in order.lines.values_mut() {
                line.shipped = line.quantity - line.cancelled;
                line.delivered = line.shipped;
                units_left += line.shipped;
            }
            order.status = if units_left == 0 { "CANCELLED" } else { "DELIVERED" }.to_owned();
            self.revenue += order.paid_total - order.refunded_total;
        }
    }
}

/// All differences, each as one line of text; empty when both are equal.
pub(crate) fn compare(expected: &ShopState, found: &ShopState) -> Vec<String> {
    let mut differences = Vec::new();
    compare_maps("item", &expected.items, &found.items, &mut differences);
    compare_maps("order", &expected.orders, &found.orders, &mut differences);
    if expected.revenue != found.revenue {
        differences.push(format!("revenue: expected {}p, found {}p", expected.revenue, found.revenue));
    }
    differences
}

fn compare_maps<T: Debug + PartialEq>(
    what: &str,
    expected: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
    differences: &mut Vec<String>,
) {
    for key in expected.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        match (expected.get(key), found.get(key)) {
            (Some(expected), Some(found)) if expected == found => {}
            (Some(expected), Some(found)) => {
                differences.push(format!("{what} {key}:\n  expected {expected:?}\n  found    {found:?}"));
            }
            (Some(_), None) => differences.push(format!("{what} {key} is missing")),
            (None, _) => differences.push(format!("{what} {key} should not be there")),
        }
    }
}

/// Sums that are printed at the end.
pub(crate) fn summary(state: &ShopState) -> String {
    let mut by_status: HashMap<&str, u64> = HashMap::new();
    for order in state.orders.values() {
        *by_status.entry(order.status.as_str()).or_default() += 1;
    }
    let placed = state.orders.values().map(|order| order.placed_total).sum::<i64>();
    let refunded = state.orders.values().map(|order| order.refunded_total).sum::<i64>();
    let on_hand = state.items.values().map(|item| item.on_hand).sum::<i64>();
    format!(
        "{} items with {on_hand} units on hand; {} orders ({} delivered, {} cancelled); {placed}p paid, {refunded}p \
         refunded, revenue {}p",
        state.items.len(),
        state.orders.len(),
        by_status.get("DELIVERED").unwrap_or(&0),
        by_status.get("CANCELLED").unwrap_or(&0),
        state.revenue
    )
}

//! What must the counters of each item be? The sum of what the commands did to them.

use earmark_load::catalogue;
use serde_json::Value;

use super::breach::{Breach, BreachKind};
use super::orders::ExpectedOrder;

/// `on_hand` and `reserved` of all SKUs, by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedStock {
    counters: Vec<(i64, i64)>,
}

impl ExpectedStock {
    /// Each SKU with the same stock, nothing reserved.
    #[must_use]
    pub(crate) fn new(skus: u32, on_hand: u64) -> ExpectedStock {
        ExpectedStock { counters: vec![(on_hand as i64, 0); skus as usize] }
    }

    pub(crate) fn adjust(&mut self, sku: u32, delta: i64) {
        if let Some(counters) = self.counters.get_mut(sku as usize) {
            counters.0 += delta;
        }
    }

    /// Adds what an order reserves and what has left with its shipments.
    pub(crate) fn add_order(&mut self, order: &ExpectedOrder) {
        for (&sku, line) in &order.lines {
            if let Some(counters) = self.counters.get_mut(sku as usize) {
                counters.0 -= i64::from(line.shipped);
                counters.1 += i64::from(line.quantity - line.cancelled - line.shipped);
            }
        }
    }

    /// Compares with the list of items.
    #[must_use]
    pub(crate) fn compare(&self, items: &[Value]) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let mut seen = vec![None; self.counters.len()];
        for item in items {
            let index = item["sku"].as_str().and_then(|sku| sku.strip_prefix("SKU-")?.parse::<usize>().ok());
            if let Some(slot) = index.and_then(|index| seen.get_mut(index)) {
                *slot = item["on_hand"].as_i64().zip(item["reserved"].as_i64());
            }
        }
        for (index, (expected, seen)) in self.counters.iter().zip(&seen).enumerate() {
            if seen.as_ref() != Some(expected) {
                let detail = format!("(on_hand, reserved) is {seen:?}, must be {expected:?}");
                breaches.push(Breach::new(BreachKind::StockDiffers, catalogue::sku(index as u64), detail));
            }
        }
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counters_follow_orders_and_adjustments() {
        let mut stock = ExpectedStock::new(2, 100);
        let mut order = ExpectedOrder::placed("ord_1", "r", &[(0, 5), (1, 2)]);
        order.confirmed = true;
        order.cancel(&[(1, 1)]);
        order.ship(&[(0, 3)]);
        stock.add_order(&order);
        stock.adjust(1, -7);
        let right = json!([
            { "sku": "SKU-000000", "on_hand": 97, "reserved": 2 },
            { "sku": "SKU-000001", "on_hand": 93, "reserved": 1 },
        ]);
        assert_eq!(stock.compare(right.as_array().unwrap()), []);
        let wrong = json!([
            { "sku": "SKU-000000", "on_hand": 97, "reserved": 3 },
            { "sku": "SKU-000001", "on_hand": 100, "reserved": 1 },
        ]);
        let kinds =
            |items: &[Value]| stock.compare(items).iter().map(|breach| breach.kind).collect::<Vec<_>>();
        assert_eq!(kinds(wrong.as_array().unwrap()), [BreachKind::StockDiffers; 2]);
        assert_eq!(kinds(&right.as_array().unwrap()[..1]), [BreachKind::StockDiffers]);
    }
}

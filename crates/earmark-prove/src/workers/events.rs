//! Did everything happen as often as it must? The events of each order are counted by type.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::check::{Breach, BreachKind};

/// The types that are counted: what happens by itself, and what it leads to.
const COUNTED: [&str; 7] = [
    "reservation.expired",
    "order.cancelled",
    "payment.succeeded",
    "payment.declined",
    "payment.failed",
    "refund.created",
    "refund.succeeded",
];

/// What must have happened to one order, and how often; what is not named must not have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpectedEvents {
    pub(super) order: String,
    pub(super) counts: BTreeMap<&'static str, u32>,
}

impl ExpectedEvents {
    /// Each of these once.
    pub(super) fn once(order: &str, types: &[&'static str]) -> ExpectedEvents {
        ExpectedEvents { order: order.to_owned(), counts: types.iter().map(|&name| (name, 1)).collect() }
    }
}

/// Compares all events with what is expected of all orders.
pub(super) fn compare(all_expected: &[ExpectedEvents], events: &[Value]) -> Vec<Breach> {
    let mut seen: HashMap<(&str, &str), u32> = HashMap::new();
    for event in events {
        if let Some((order, name)) = event["order_id"].as_str().zip(event["type"].as_str()) {
            *seen.entry((order, name)).or_default() += 1;
        }
    }
    let mut breaches = Vec::new();
    for ExpectedEvents { order, counts } in all_expected {
        for name in COUNTED {
            let expected = counts.get(name).copied().unwrap_or_default();
            let seen = seen.get(&(order.as_str(), name)).copied().unwrap_or_default();
            if seen != expected {
                let kind = if seen < expected { BreachKind::Lost } else { BreachKind::Doubled };
                let detail = format!("{seen} times {name}, must be {expected}");
                breaches.push(Breach::new(kind, format!("order {order}"), detail));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn missing_doubled_and_uncalled_for_events_are_found() {
        let event = |order: &str, name: &str| json!({ "order_id": order, "type": name });
        let expected = [
            ExpectedEvents::once("ord_1", &["reservation.expired", "order.cancelled"]),
            ExpectedEvents::once("ord_2", &["payment.succeeded"]),
        ];
        let right = vec![
            event("ord_1", "order.created"),
            event("ord_1", "reservation.expired"),
            event("ord_1", "order.cancelled"),
            event("ord_2", "payment.succeeded"),
            json!({ "sku": "SKU-000001", "type": "stock.adjusted" }),
        ];
        assert_eq!(compare(&expected, &right), []);

        let kinds =
            |events: &[Value]| compare(&expected, events).iter().map(|it| it.kind).collect::<Vec<_>>();
        assert_eq!(kinds(&right[..3]), [BreachKind::Lost]);
        let doubled = [right.clone(), vec![event("ord_2", "payment.succeeded")]].concat();
        assert_eq!(kinds(&doubled), [BreachKind::Doubled]);
        let uncalled_for = [right, vec![event("ord_2", "refund.created")]].concat();
        assert_eq!(kinds(&uncalled_for), [BreachKind::Doubled]);
    }
}

//! Is stored what was acknowledged? The units that were ordered are compared with `reserved`, SKU
//! by SKU, and `earmark verify` is run.

use std::time::Duration;

use serde_json::Value;

use super::report::StockCheck;
use crate::catalogue;
use crate::error::LoadError;
use crate::nodes::Nodes;
use crate::requests;

/// What `earmark verify` may take, for a million orders.
const VERIFY_LIMIT: Duration = Duration::from_secs(900);
/// How many wrong SKUs are named.
const WRONG_SKUS_MAX: usize = 10;

/// Compares `ordered` (units by index of the SKU) with what the servers show.
///
/// # Errors
/// The items cannot be read, or `earmark verify` cannot be run.
pub(super) async fn check(nodes: &Nodes, ordered: &[u64]) -> Result<StockCheck, LoadError> {
    let items = requests::list(&nodes.first().client(), "/v1/items").await?;
    let verified = nodes.verify(VERIFY_LIMIT).await?;
    let mut check = compare(&items, ordered);
    check.verified = verified.passed;
    if !verified.passed {
        check.verify_output = verified.output;
    }
    Ok(check)
}

fn compare(items: &[Value], ordered: &[u64]) -> StockCheck {
    let mut check = StockCheck { units_ordered: ordered.iter().sum(), ..StockCheck::default() };
    let mut reserved = vec![0; ordered.len()];
    for item in items {
        let units = item["reserved"].as_u64().unwrap_or_default();
        check.units_reserved += units;
        let index = item["sku"].as_str().and_then(|sku| sku.strip_prefix("SKU-")?.parse::<usize>().ok());
        if let Some(slot) = index.and_then(|index| reserved.get_mut(index)) {
            *slot = units;
        }
    }
    let pairs = ordered.iter().zip(&reserved).enumerate();
    let wrong = pairs.filter(|(_, (ordered, reserved))| ordered != reserved);
    let names = wrong.map(|(index, (ordered, reserved))| {
        format!("{}: {ordered} ordered, {reserved} reserved", catalogue::sku(index as u64))
    });
    check.wrong_skus = names.take(WRONG_SKUS_MAX).collect();
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_sums_over_wrong_skus_are_not_right() {
        let items = |first: u64, second: u64| {
            [
                json!({ "sku": "SKU-000000", "reserved": first }),
                json!({ "sku": "SKU-000001", "reserved": second }),
            ]
        };
        let right = StockCheck { verified: true, ..compare(&items(3, 4), &[3, 4]) };
        assert!(right.is_right());
        let moved = StockCheck { verified: true, ..compare(&items(4, 3), &[3, 4]) };
        assert!(!moved.is_right() && moved.wrong_skus.len() == 2);
        let missing = StockCheck { verified: true, ..compare(&items(3, 4)[..1], &[3, 4]) };
        assert!(!missing.is_right());
    }
}

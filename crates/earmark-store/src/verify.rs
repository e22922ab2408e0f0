//! What does a verification find that needs no SQL?
//!
//! The rules about items, orders and events are in core's `Verifier`, and what only an engine can
//! check is with the engine. Here is what both engines store in the same way.

use earmark_core::Order;
use serde::{Deserialize, Serialize};

use crate::codes::order_status_number;

/// What [`crate::Queries::verify`] has read and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// How many items were read.
    pub items: u64,
    /// How many orders were read.
    pub orders: u64,
    /// How many events were read.
    pub events: u64,
    /// One sentence for each thing that is wrong; empty where all is right.
    pub breaches: Vec<String>,
}

/// The columns of an order that are copies for searching: the number of its status, what was paid
/// and refunded, and when its reservation is to be expired.
pub type OrderCopies = (i16, i64, i64, Option<i64>);

/// Whether the copies that are stored with an order agree with it, and whether the event that they
/// lead to is its `order.created`; in words, if not.
pub fn copies_breach(order: &Order, kept: OrderCopies, leads_to_created: bool) -> Option<String> {
    if !order.breaches().is_empty() {
        return None;
    }
    let computed = (
        order_status_number(order.status()),
        order.paid_total().minor(),
        order.refunded_total().minor(),
        order.expiry_due_at().map(|at| at.0),
    );
    let id = order.id;
    if kept != computed {
        return Some(format!("order {id}: the copies kept are {kept:?}, but it gives {computed:?}"));
    }
    (!leads_to_created).then(|| format!("order {id}: its order.created is not where it says"))
}

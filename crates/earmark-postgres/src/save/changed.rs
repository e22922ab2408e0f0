//! Which orders of a batch are new, and which were loaded?

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::orders::Order;
use earmark_core::{BatchChanges, Fact};

use super::refusals::never_deleted;
use crate::codec;
use crate::error::{DatabaseError, Result};

/// The orders that a batch changes.
pub(super) struct ChangedOrders<'a> {
    pub(super) new: Vec<New<'a>>,
    pub(super) old: Vec<Old<'a>>,
}

/// An order that was absent.
pub(super) struct New<'a> {
    pub(super) order: &'a Order,
    /// The number of its `order.created`.
    pub(super) created_sequence: i64,
}

/// An order that was loaded, as it was then and as it is now.
pub(super) struct Old<'a> {
    pub(super) before: &'a Order,
    pub(super) order: &'a Order,
}

impl<'a> ChangedOrders<'a> {
    pub(super) fn of(changes: &'a BatchChanges) -> Result<Self> {
        let created = created_sequences(changes);
        let (mut new, mut old) = (Vec::new(), Vec::new());
        for change in &changes.orders {
            let Some(order) = change.after.as_deref() else { return never_deleted("an order") };
            match change.before.as_deref() {
                None => {
                    let sequence = created.get(&order.id).copied().ok_or_else(|| {
                        DatabaseError::damaged("an order without its order.created", order.id)
                    })?;
                    new.push(New { order, created_sequence: codec::integer(sequence)? });
                }
                Some(before) => old.push(Old { before, order }),
            }
        }
        Ok(Self { new, old })
    }
}

fn created_sequences(changes: &BatchChanges) -> HashMap<OrderId, u64> {
    let created = changes.events.iter().filter(|event| event.fact == Fact::OrderCreated);
    created.filter_map(|event| Some((event.order_id?, event.sequence))).collect()
}

//! Which orders of a batch are new, and which were loaded?

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::{BatchChanges, Fact, Order};
use uuid::Uuid;

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

/// A payment or refund with the id of its order and its place there. `was` is the version that was
/// loaded; 0 if it is new.
pub(super) struct Placed<'a, R> {
    pub(super) order: Uuid,
    pub(super) place: usize,
    pub(super) row: &'a R,
    pub(super) was: i64,
}

/// The payments or refunds of changed orders that are new, and those that were loaded and differ.
pub(super) struct ChangedRows<'a, R> {
    pub(super) new: Vec<Placed<'a, R>>,
    pub(super) old: Vec<Placed<'a, R>>,
}

impl<'a> ChangedOrders<'a> {
    /// Those of the rows `of` each order that are new or differ.
    pub(super) fn rows<R: PartialEq>(
        &self,
        of: fn(&Order) -> &[R],
        version: fn(&R) -> u64,
    ) -> Result<ChangedRows<'a, R>> {
        let (mut new, mut old) = (Vec::new(), Vec::new());
        let loaded = self.old.iter().map(|old| (old.order, of(old.before)));
        for (order, before) in self.new.iter().map(|new| (new.order, &[][..])).chain(loaded) {
            let id = Uuid::from_u128(order.id.0);
            for (place, row) in of(order).iter().enumerate() {
                match before.get(place) {
                    None => new.push(Placed { order: id, place, row, was: 0 }),
                    Some(was) if was != row => {
                        old.push(Placed { order: id, place, row, was: codec::integer(version(was))? });
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(ChangedRows { new, old })
    }

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

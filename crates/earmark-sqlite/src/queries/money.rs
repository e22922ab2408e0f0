//! Lists payments and refunds across all orders, highest id first, and finds the order of one.
//! Candidates come from an index, and every condition is checked on the row itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use earmark_core::Order;
use earmark_core::ids::OrderId;
use earmark_store::{MoneyFilter, Page};

use crate::codec;
use crate::error::Result;
use crate::rows;
use crate::snapshot::Snapshot;

/// The fewest candidates that are fetched at once.
const CANDIDATES_MIN: usize = 32;

/// The statements that find the rows of one kind.
pub(super) struct Statements {
    /// Finds the order of one row by the row's id.
    order: &'static str,
    /// Finds all rows between two ids, or only the pending ones.
    all: &'static str,
    pending: &'static str,
}

pub(super) const PAYMENTS: Statements = Statements {
    order: "SELECT order_id FROM payments WHERE id = ?1",
    all: "SELECT id, order_id FROM payments WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3",
    pending: "SELECT id, order_id FROM payments WHERE status = 0 AND id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3",
};
pub(super) const REFUNDS: Statements = Statements {
    order: "SELECT order_id FROM refunds WHERE id = ?1",
    all: "SELECT id, order_id FROM refunds WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3",
    pending: "SELECT id, order_id FROM refunds WHERE status = 0 AND id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3",
};

/// The order that the payment or refund with this id belongs to.
pub(super) fn find_order(snapshot: &Snapshot<'_>, of: &Statements, id: [u8; 16]) -> Result<Option<Order>> {
    let order = rows::query_one(snapshot.connection, of.order, [id], |row| Ok(row.get(0)?))?;
    order.map(|id| rows::orders::get(snapshot.connection, OrderId::from_bytes(id))).transpose()
}

/// A page of the payments or refunds that a filter lets through, each with the id of its order.
pub(super) fn list<F: MoneyFilter>(
    snapshot: &Snapshot<'_>,
    of: &Statements,
    filter: &F,
    limit: usize,
) -> Result<Page<(OrderId, F::Row)>> {
    let sql = if filter.is_pending() { of.pending } else { of.all };
    let (lowest, mut upto) = filter.bounds();
    let (mut rows, mut want) = (Vec::new(), limit.saturating_add(1).max(CANDIDATES_MIN));
    while let Some(highest) = upto.filter(|highest| *highest >= lowest && rows.len() <= limit) {
        let mut statement = snapshot.connection.prepare_cached(sql)?;
        let bounds = (lowest.to_be_bytes(), highest.to_be_bytes(), codec::limit(want));
        let mut found = statement.query(bounds)?;
        let (mut orders, mut count, mut last) = (HashMap::new(), 0, 0);
        while let Some(row) = found.next()? {
            (count, last) = (count + 1, u128::from_be_bytes(row.get(0)?));
            let id = OrderId::from_bytes(row.get(1)?);
            if let Entry::Vacant(entry) = orders.entry(id) {
                entry.insert(rows::orders::get(snapshot.connection, id)?);
            }
            rows.extend(filter.find_in(&orders[&id], last).map(|row| (id, row.clone())));
        }
        upto = if count == want { last.checked_sub(1) } else { None };
        // The fewer of them match, the more are fetched.
        want = want.saturating_mul(2).min(1_000);
    }
    Ok(Page::of(rows, limit))
}

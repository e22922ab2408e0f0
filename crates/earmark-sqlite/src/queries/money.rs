//! Lists payments and refunds across all orders, highest id first. Candidates come from an index,
//! and every condition is checked on the row itself.

use std::collections::HashMap;

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::Order;
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_store::{Page, PaymentFilter, RefundFilter};
use rusqlite::OptionalExtension;

use crate::codec;
use crate::error::Result;
use crate::rows;
use crate::snapshot::Snapshot;

/// The fewest candidates that are fetched at once.
const CANDIDATES_MIN: usize = 32;

const PAYMENTS: &str =
    "SELECT id, order_id FROM payments WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3";
const PENDING_PAYMENTS: &str =
    "SELECT id, order_id FROM payments WHERE status = 0 AND id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3";
const REFUNDS: &str = "SELECT id, order_id FROM refunds WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3";
const PENDING_REFUNDS: &str =
    "SELECT id, order_id FROM refunds WHERE status = 0 AND id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3";

/// Which rows are looked at: those that this statement finds between two ids.
#[derive(Clone, Copy)]
struct Candidates {
    sql: &'static str,
    lowest: u128,
    /// `None`: no id can match.
    highest: Option<u128>,
}

/// The order that a refund belongs to.
pub(super) fn find_order_of_refund(snapshot: &Snapshot<'_>, id: RefundId) -> Result<Option<Order>> {
    let mut statement = snapshot.connection.prepare_cached("SELECT order_id FROM refunds WHERE id = ?1")?;
    let order: Option<[u8; 16]> = statement.query_row([id.to_bytes()], |row| row.get(0)).optional()?;
    order.map(|id| rows::orders::get(snapshot.connection, OrderId::from_bytes(id))).transpose()
}

/// A page of the payments that a filter lets through.
pub(super) fn payments(
    snapshot: &Snapshot<'_>,
    filter: &PaymentFilter,
    limit: usize,
) -> Result<Page<(OrderId, Payment)>> {
    let sql = if filter.status == Some(PaymentStatus::Pending) { PENDING_PAYMENTS } else { PAYMENTS };
    let (lowest, highest) = filter.bounds();
    list(snapshot, Candidates { sql, lowest, highest }, limit, |order, id| {
        let payment = order.payments.iter().find(|payment| payment.id == PaymentId(id))?;
        filter.lets_through(payment).then(|| payment.clone())
    })
}

/// A page of the refunds that a filter lets through.
pub(super) fn refunds(
    snapshot: &Snapshot<'_>,
    filter: &RefundFilter,
    limit: usize,
) -> Result<Page<(OrderId, Refund)>> {
    let sql = if filter.status == Some(RefundStatus::Pending) { PENDING_REFUNDS } else { REFUNDS };
    let (lowest, highest) = filter.bounds();
    list(snapshot, Candidates { sql, lowest, highest }, limit, |order, id| {
        let refund = order.refunds.iter().find(|refund| refund.id == RefundId(id))?;
        filter.lets_through(refund).then(|| refund.clone())
    })
}

fn list<T>(
    snapshot: &Snapshot<'_>,
    candidates: Candidates,
    limit: usize,
    pick: impl Fn(&Order, u128) -> Option<T>,
) -> Result<Page<(OrderId, T)>> {
    let Candidates { sql, lowest, highest: mut upto } = candidates;
    let (mut rows, mut want) = (Vec::new(), limit.saturating_add(1).max(CANDIDATES_MIN));
    while let Some(highest) = upto.filter(|highest| *highest >= lowest && rows.len() <= limit) {
        let mut statement = snapshot.connection.prepare_cached(sql)?;
        let bounds = (lowest.to_be_bytes(), highest.to_be_bytes(), codec::limit(want));
        let mut found = statement.query(bounds)?;
        let (mut orders, mut count, mut last) = (HashMap::new(), 0, 0);
        while let Some(row) = found.next()? {
            (count, last) = (count + 1, u128::from_be_bytes(row.get(0)?));
            let id = OrderId::from_bytes(row.get(1)?);
            if let std::collections::hash_map::Entry::Vacant(entry) = orders.entry(id) {
                entry.insert(rows::orders::get(snapshot.connection, id)?);
            }
            rows.extend(pick(&orders[&id], last).map(|row| (id, row)));
        }
        upto = if count == want { last.checked_sub(1) } else { None };
        // The fewer of them match, the more are fetched.
        want = want.saturating_mul(2).min(1_000);
    }
    Ok(Page::of(rows, limit))
}

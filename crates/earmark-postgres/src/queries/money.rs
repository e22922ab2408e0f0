//! Lists payments and refunds across all orders, highest id first, and finds the order of one.
//! Candidates come from an index, and every condition is checked on the row itself.

use earmark_core::Order;
use earmark_core::ids::OrderId;
use earmark_store::{MoneyFilter, Page};
use uuid::Uuid;

use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::rows::{self, query};
use crate::session::Session;

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
    order: "SELECT order_id FROM gateway_keys WHERE id = $1 AND kind = 0",
    all: "SELECT id, order_id FROM gateway_keys WHERE kind = 0 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3",
    pending: "SELECT id, order_id FROM payments WHERE status = 0 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3",
};
pub(super) const REFUNDS: Statements = Statements {
    order: "SELECT order_id FROM gateway_keys WHERE id = $1 AND kind = 1",
    all: "SELECT id, order_id FROM gateway_keys WHERE kind = 1 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3",
    pending: "SELECT id, order_id FROM refunds WHERE status = 0 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3",
};

/// The order that the payment or refund with this id belongs to.
pub(super) async fn find_order(session: &Session, of: &Statements, id: u128) -> Result<Option<Order>> {
    let found = query(session, of.order, &[&Uuid::from_u128(id)]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    rows::orders::find_one(session, OrderId(codec::bits(row, 0)?)).await
}

/// A page of the payments or refunds that a filter lets through, each with the id of its order.
pub(super) async fn list<F: MoneyFilter>(
    session: &Session,
    of: &Statements,
    filter: &F,
    limit: usize,
) -> Result<Page<(OrderId, F::Row)>> {
    let sql = if filter.is_pending() { of.pending } else { of.all };
    let (lowest, mut upto) = filter.bounds();
    let (mut rows, mut want) = (Vec::new(), limit.saturating_add(1).max(CANDIDATES_MIN));
    while let Some(highest) = upto.filter(|highest| *highest >= lowest && rows.len() <= limit) {
        let (low, high) = (Uuid::from_u128(lowest), Uuid::from_u128(highest));
        let found = query(session, sql, &[&low, &high, &codec::limit(want)]).await?;
        let owners = found.iter().map(|row| codec::get(row, 1)).collect::<Result<Vec<Uuid>, _>>()?;
        let orders = rows::orders::find(session, &owners).await?;
        for row in &found {
            let (id, owner) = (codec::bits(row, 0)?, OrderId(codec::bits(row, 1)?));
            let order = orders
                .get(&owner)
                .ok_or_else(|| DatabaseError::damaged("an order is named but not there", owner))?;
            rows.extend(filter.find_in(order, id).map(|row| (owner, row.clone())));
        }
        let last = found.last().filter(|_| found.len() == want).map(|row| codec::bits(row, 0)).transpose()?;
        upto = last.and_then(|id| id.checked_sub(1));
        // The fewer of them match, the more are fetched.
        want = want.saturating_mul(2).min(1_000);
    }
    Ok(Page::of(rows, limit))
}

//! Lists payments and refunds across all orders, highest id first. Candidates come from an index,
//! and every condition is checked on the row itself.

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::Order;
use earmark_core::payments::{Payment, PaymentStatus};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_store::{Page, PaymentFilter, RefundFilter};
use uuid::Uuid;

use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::rows::{self, query};
use crate::session::Session;

/// The fewest candidates that are fetched at once.
const CANDIDATES_MIN: usize = 32;

const PAYMENTS: &str =
    "SELECT id, order_id FROM gateway_keys WHERE kind = 0 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3";
const PENDING_PAYMENTS: &str =
    "SELECT id, order_id FROM payments WHERE status = 0 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3";
const REFUNDS: &str =
    "SELECT id, order_id FROM gateway_keys WHERE kind = 1 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3";
const PENDING_REFUNDS: &str =
    "SELECT id, order_id FROM refunds WHERE status = 0 AND id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3";

/// Which rows are looked at: those that this statement finds between two ids.
#[derive(Clone, Copy)]
struct Candidates {
    sql: &'static str,
    lowest: u128,
    /// `None`: no id can match.
    highest: Option<u128>,
}

/// The order that a refund belongs to.
pub(super) async fn find_order_of_refund(session: &Session, id: RefundId) -> Result<Option<Order>> {
    let sql = "SELECT order_id FROM gateway_keys WHERE id = $1 AND kind = 1";
    let found = query(session, sql, &[&Uuid::from_u128(id.0)]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    rows::orders::find_one(session, OrderId(codec::bits(row, 0)?)).await
}

/// A page of the payments that a filter lets through.
pub(super) async fn payments(
    session: &Session,
    filter: &PaymentFilter,
    limit: usize,
) -> Result<Page<(OrderId, Payment)>> {
    let sql = if filter.status == Some(PaymentStatus::Pending) { PENDING_PAYMENTS } else { PAYMENTS };
    let (lowest, highest) = filter.bounds();
    list(session, Candidates { sql, lowest, highest }, limit, |order, id| {
        let payment = order.payments.iter().find(|payment| payment.id == PaymentId(id))?;
        filter.lets_through(payment).then(|| payment.clone())
    })
    .await
}

/// A page of the refunds that a filter lets through.
pub(super) async fn refunds(
    session: &Session,
    filter: &RefundFilter,
    limit: usize,
) -> Result<Page<(OrderId, Refund)>> {
    let sql = if filter.status == Some(RefundStatus::Pending) { PENDING_REFUNDS } else { REFUNDS };
    let (lowest, highest) = filter.bounds();
    list(session, Candidates { sql, lowest, highest }, limit, |order, id| {
        let refund = order.refunds.iter().find(|refund| refund.id == RefundId(id))?;
        filter.lets_through(refund).then(|| refund.clone())
    })
    .await
}

async fn list<T>(
    session: &Session,
    candidates: Candidates,
    limit: usize,
    pick: impl Fn(&Order, u128) -> Option<T>,
) -> Result<Page<(OrderId, T)>> {
    let Candidates { sql, lowest, highest: mut upto } = candidates;
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
            rows.extend(pick(order, id).map(|row| (owner, row)));
        }
        let last = found.last().filter(|_| found.len() == want).map(|row| codec::bits(row, 0)).transpose()?;
        upto = last.and_then(|id| id.checked_sub(1));
        // The fewer of them match, the more are fetched.
        want = want.saturating_mul(2).min(1_000);
    }
    Ok(Page::of(rows, limit))
}

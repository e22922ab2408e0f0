//! Lists orders, highest id first. Candidates come from the narrowest index, and every condition is
//! checked on the order itself.

use earmark_core::Order;
use earmark_core::ids::OrderId;
use earmark_store::{OrderFilter, Page, codes};
use uuid::Uuid;

use crate::codec;
use crate::error::Result;
use crate::rows::{self, query};
use crate::segments::walk::OrdersOfItem;
use crate::session::Session;

/// The fewest candidates that are fetched at once.
const CANDIDATES_MIN: usize = 32;

/// A page of the orders that a filter lets through, highest id first.
pub(super) async fn list(session: &Session, filter: &OrderFilter, limit: usize) -> Result<Page<Order>> {
    let (lowest, mut upto) = filter.bounds();
    let by_item = match &filter.sku {
        Some(sku) if filter.customer_id.is_none() && filter.reference.is_none() => {
            Some(OrdersOfItem::open(session, sku).await?)
        }
        _ => None,
    };
    let (mut orders, mut want) = (Vec::new(), limit.saturating_add(1).max(CANDIDATES_MIN));
    while let Some(highest) = upto.filter(|highest| *highest >= lowest && orders.len() <= limit) {
        let candidates = match &by_item {
            Some(orders) => orders.highest(session, highest, want).await?,
            None => candidates(session, filter, highest, want).await?,
        };
        let found = rows::orders::get(session, &candidates).await?;
        orders.extend(found.into_iter().filter(|order| filter.lets_through(order)));
        let last = candidates.last().filter(|_| candidates.len() == want);
        upto = last.and_then(|id| id.as_u128().checked_sub(1)).map(OrderId);
        // The fewer of them match, the more are fetched.
        want = want.saturating_mul(2).min(1_000);
    }
    Ok(Page::of(orders, limit))
}

/// The highest ids up to `highest` within the bounds of the filter, at most `want`, highest first.
/// If there are fewer than `want`, there are no more.
async fn candidates(
    session: &Session,
    filter: &OrderFilter,
    highest: OrderId,
    want: usize,
) -> Result<Vec<Uuid>> {
    let (lowest, _) = filter.bounds();
    let bounds = (Uuid::from_u128(lowest.0), Uuid::from_u128(highest.0));
    let (low, high, count) = (&bounds.0, &bounds.1, &codec::limit(want));
    let found = if let Some(customer) = &filter.customer_id {
        let sql =
            "SELECT id FROM orders WHERE customer_id = $1 AND id BETWEEN $2 AND $3 ORDER BY id DESC LIMIT $4";
        query(session, sql, &[&customer.as_str(), low, high, count]).await?
    } else if let Some(reference) = &filter.reference {
        let sql = "SELECT order_id FROM order_references WHERE reference = $1 AND order_id BETWEEN $2 AND $3 LIMIT $4";
        query(session, sql, &[&reference.as_str(), low, high, count]).await?
    } else if let Some(status) = filter.status {
        let sql =
            "SELECT id FROM orders WHERE status = $1 AND id BETWEEN $2 AND $3 ORDER BY id DESC LIMIT $4";
        query(session, sql, &[&codes::order_status_number(status), low, high, count]).await?
    } else {
        let sql = "SELECT id FROM orders WHERE id BETWEEN $1 AND $2 ORDER BY id DESC LIMIT $3";
        query(session, sql, &[low, high, count]).await?
    };
    found.iter().map(|row| codec::get(row, 0)).collect()
}

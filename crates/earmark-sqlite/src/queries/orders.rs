//! Lists orders, highest id first. Candidates come from the narrowest index, and every condition is
//! checked on the order itself.

use earmark_core::Order;
use earmark_core::ids::OrderId;
use earmark_core::orders::OrderStatus;
use earmark_core::text::{Reference, Sku};
use earmark_store::{OrderFilter, Page, codes};
use rusqlite::Params;

use crate::codec;
use crate::deferred::CustomerTail;
use crate::error::Result;
use crate::rows;
use crate::segments::walk;
use crate::snapshot::Snapshot;

/// The fewest candidates that are fetched at once.
const CANDIDATES_MIN: usize = 32;

/// Which index candidates come from. `newest` are orders that the index may lack.
enum Source {
    Customer { hash: i64, newest: Vec<OrderId> },
    Sku { sku: Sku, newest: Vec<OrderId> },
    Reference(Reference),
    Status(OrderStatus),
    All,
}

/// A page of the orders that a filter lets through, highest id first.
pub(super) fn list(
    snapshot: &Snapshot<'_>,
    customers: &CustomerTail,
    filter: &OrderFilter,
    limit: usize,
) -> Result<Page<Order>> {
    let source = source(snapshot, customers, filter)?;
    let (lowest, mut upto) = filter.bounds();
    let (mut orders, mut want) = (Vec::new(), limit.saturating_add(1).max(CANDIDATES_MIN));
    while let Some(highest) = upto.filter(|highest| *highest >= lowest && orders.len() <= limit) {
        let candidates = source.candidates(snapshot, highest, want)?;
        for id in &candidates {
            if orders.len() > limit || *id < lowest {
                return Ok(Page::of(orders, limit));
            }
            // The newest ones may have been committed after this snapshot began, and then are not
            // in it.
            orders.extend(
                rows::orders::find(snapshot.connection, *id)?.filter(|order| filter.lets_through(order)),
            );
        }
        upto = candidates
            .last()
            .filter(|_| candidates.len() == want)
            .and_then(|id| id.0.checked_sub(1))
            .map(OrderId);
        // The fewer of them match, the more are fetched.
        want = want.saturating_mul(2).min(1_000);
    }
    Ok(Page::of(orders, limit))
}

fn source(snapshot: &Snapshot<'_>, customers: &CustomerTail, filter: &OrderFilter) -> Result<Source> {
    if let Some(customer) = &filter.customer_id {
        let hash = codec::customer_hash(customer.as_str());
        loop {
            // `None`: the B-tree has taken entries over since this snapshot began. The next
            // snapshot has them.
            if let Some(newest) = customers.orders(snapshot.connection, hash)? {
                return Ok(Source::Customer { hash, newest });
            }
            snapshot.renew()?;
        }
    }
    if let Some(reference) = &filter.reference {
        return Ok(Source::Reference(reference.clone()));
    }
    if let Some(sku) = &filter.sku {
        let newest = walk::newest_orders(snapshot.connection, sku)?;
        return Ok(Source::Sku { sku: sku.clone(), newest });
    }
    Ok(filter.status.map_or(Source::All, Source::Status))
}

impl Source {
    /// The highest ids up to `upto`, at most `want`, highest first. If there are fewer than `want`,
    /// there are no more.
    fn candidates(&self, snapshot: &Snapshot<'_>, upto: OrderId, want: usize) -> Result<Vec<OrderId>> {
        let (id, count) = (upto.to_bytes(), codec::limit(want));
        match self {
            Self::Customer { hash, newest } => {
                let sql = "SELECT order_id FROM customer_orders WHERE customer_hash = ?1 AND order_id <= ?2 \
                           ORDER BY order_id DESC LIMIT ?3";
                Ok(merge(ids(snapshot, sql, (hash, id, count))?, newest, upto, want))
            }
            Self::Sku { sku, newest } => {
                Ok(merge(walk::orders(snapshot.connection, sku, upto, want)?, newest, upto, want))
            }
            Self::Reference(reference) => ids(
                snapshot,
                "SELECT id FROM orders WHERE reference = ?1 AND id <= ?2",
                (reference.as_str(), id),
            ),
            Self::Status(status) => {
                let sql = "SELECT id FROM orders INDEXED BY orders_by_status WHERE status = ?1 AND id <= ?2 \
                           ORDER BY id DESC LIMIT ?3";
                ids(snapshot, sql, (codes::order_status_number(*status), id, count))
            }
            Self::All => {
                ids(snapshot, "SELECT id FROM orders WHERE id <= ?1 ORDER BY id DESC LIMIT ?2", (id, count))
            }
        }
    }
}

fn ids(snapshot: &Snapshot<'_>, sql: &'static str, parameters: impl Params) -> Result<Vec<OrderId>> {
    rows::query(snapshot.connection, sql, parameters, |row| Ok(OrderId::from_bytes(row.get(0)?)))
}

/// Adds the newest ones to what an index has. An order may be in both.
fn merge(mut indexed: Vec<OrderId>, newest: &[OrderId], upto: OrderId, want: usize) -> Vec<OrderId> {
    indexed.extend(newest.iter().filter(|id| **id <= upto));
    indexed.sort_unstable_by(|left, right| right.cmp(left));
    indexed.dedup();
    indexed.truncate(want);
    indexed
}

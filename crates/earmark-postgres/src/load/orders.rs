//! Loads orders by id, and the ids of orders by reference.

use std::collections::{HashMap, HashSet};

use earmark_core::WorkingSet;
use earmark_core::ids::OrderId;
use earmark_core::orders::Order;
use earmark_core::text::Reference;
use uuid::Uuid;

use crate::codec;
use crate::error::Result;
use crate::rows::{self, query};
use crate::session::Session;

pub(super) async fn find(session: &Session, ids: &HashSet<OrderId>) -> Result<HashMap<OrderId, Order>> {
    let ids: Vec<_> = ids.iter().map(|id| Uuid::from_u128(id.0)).collect();
    rows::orders::find(session, &ids).await
}

pub(super) fn put(mut found: HashMap<OrderId, Order>, ids: &HashSet<OrderId>, rows: &mut WorkingSet) {
    ids.iter().for_each(|id| rows.orders.put_loaded(*id, found.remove(id)));
}

pub(super) async fn find_references(
    session: &Session,
    references: &HashSet<Reference>,
) -> Result<HashMap<Reference, OrderId>> {
    if references.is_empty() {
        return Ok(HashMap::new());
    }
    let texts: Vec<_> = references.iter().map(Reference::as_str).collect();
    let sql = "SELECT reference, order_id FROM order_references WHERE reference = ANY($1)";
    let found = query(session, sql, &[&texts]).await?;
    found
        .iter()
        .map(|row| Ok((codec::text(row, 0, Reference::parse)?, OrderId(codec::bits(row, 1)?))))
        .collect()
}

pub(super) fn put_references(
    found: &HashMap<Reference, OrderId>,
    references: &HashSet<Reference>,
    rows: &mut WorkingSet,
) {
    for reference in references {
        rows.references.put_loaded(reference.clone(), found.get(reference).copied());
    }
}

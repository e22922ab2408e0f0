//! Rows that a case writes itself, without a command that would have decided them.

use std::sync::Arc;

use earmark_core::event::{Event, Fact};
use earmark_core::ids::KeyId;
use earmark_core::keys::{ApiKey, KeyRole};
use earmark_core::orders::Order;
use earmark_core::{Actor, BatchChanges, Change, Timestamp};

/// The change that inserts a row.
pub(crate) fn inserted<R>(row: R) -> Change<R> {
    Change { before: None, after: Some(Arc::new(row)) }
}

/// The change that replaces a row that was loaded.
pub(crate) fn replaced<R>(before: Arc<R>, after: R) -> Change<R> {
    Change { before: Some(before), after: Some(Arc::new(after)) }
}

/// A new order with the event that every new order has.
pub(crate) fn placed(order: Order) -> BatchChanges {
    let (order_id, fact) = (Some(order.id), Fact::OrderCreated);
    let event =
        Event { sequence: 1, at: order.created_at, actor: Actor::Operator, order_id, sku: None, fact };
    BatchChanges { orders: vec![inserted(order)], events: vec![event], ..BatchChanges::default() }
}

/// An API key that is not revoked.
pub(crate) fn key_row(id: u128) -> ApiKey {
    ApiKey {
        id: KeyId(id),
        name: None,
        role: KeyRole::Admin,
        secret_hash: [1; 32],
        version: 1,
        created_at: Timestamp(1),
        revoked_at: None,
    }
}

//! Saves orders: the row itself, then what belongs to it. An update writes only the lines, payments
//! and refunds that differ.

use std::collections::HashMap;

use earmark_core::ids::OrderId;
use earmark_core::text::{CustomerId, Reference};
use earmark_core::{BatchChanges, Fact, Order};
use earmark_store::codes;
use rusqlite::{Connection, params};

use super::refusals::{expect_one, never_deleted};
use super::{lines, payments, refunds};
use crate::codec;
use crate::deferred::Deferred;
use crate::error::{DatabaseError, Result};

pub(super) fn save(connection: &Connection, deferred: &mut Deferred, changes: &BatchChanges) -> Result<()> {
    if changes.orders.is_empty() {
        return Ok(());
    }
    let created: HashMap<OrderId, u64> = changes
        .events
        .iter()
        .filter(|event| event.fact == Fact::OrderCreated)
        .filter_map(|event| Some((event.order_id?, event.sequence)))
        .collect();
    for change in &changes.orders {
        let Some(order) = &change.after else { return never_deleted("an order") };
        match &change.before {
            None => {
                let sequence = created.get(&order.id).copied();
                let sequence = sequence
                    .ok_or_else(|| DatabaseError::damaged("an order without its order.created", order.id))?;
                insert(connection, order, codec::integer(sequence)?)?;
                if let Some(customer) = &order.customer_id {
                    deferred.add_customer_order(customer, order.id);
                }
            }
            Some(before) => update(connection, before, order)?,
        }
        let before = change.before.as_deref();
        lines::save(connection, before, order)?;
        payments::save(connection, before, order)?;
        refunds::save(connection, before, order)?;
    }
    Ok(())
}

fn insert(connection: &Connection, order: &Order, created_sequence: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO orders (id, version, status, created_sequence, created_at, updated_at, placed_total, paid_total, \
             refunded_total, reserved_until, expiry_due_at, confirmed_at_placement, confirmed_at, paid_at, customer_id, \
             reference, shipping_address, metadata, cancellations, shipments) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        )?
        .execute(params![
            order.id.to_bytes(),
            codec::integer(order.version)?,
            codes::order_status_number(order.status()),
            created_sequence,
            order.created_at.0,
            order.updated_at.0,
            order.placed_total.minor(),
            order.paid_total().minor(),
            order.refunded_total().minor(),
            order.reserved_until.0,
            order.expiry_due_at().map(|at| at.0),
            order.confirmed_at_placement,
            order.confirmed_at.map(|at| at.0),
            order.paid_at.map(|at| at.0),
            order.customer_id.as_ref().map(CustomerId::as_str),
            order.reference.as_ref().map(Reference::as_str),
            order.shipping_address.as_ref().map(codec::to_document).transpose()?,
            codec::to_pairs(&order.metadata)?,
            codec::to_list(&order.cancellations)?,
            codec::to_list(&order.shipments)?,
        ])?;
    Ok(())
}

/// Leaves out the columns that never change after placement.
fn update(connection: &Connection, before: &Order, order: &Order) -> Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE orders SET version = ?2, status = ?3, updated_at = ?4, paid_total = ?5, refunded_total = ?6, \
             reserved_until = ?7, expiry_due_at = ?8, confirmed_at = ?9, paid_at = ?10, shipping_address = ?11, metadata = ?12, \
             cancellations = ?13, shipments = ?14 WHERE id = ?1 AND version = ?15",
        )?
        .execute(params![
            order.id.to_bytes(),
            codec::integer(order.version)?,
            codes::order_status_number(order.status()),
            order.updated_at.0,
            order.paid_total().minor(),
            order.refunded_total().minor(),
            order.reserved_until.0,
            order.expiry_due_at().map(|at| at.0),
            order.confirmed_at.map(|at| at.0),
            order.paid_at.map(|at| at.0),
            order.shipping_address.as_ref().map(codec::to_document).transpose()?,
            codec::to_pairs(&order.metadata)?,
            codec::to_list(&order.cancellations)?,
            codec::to_list(&order.shipments)?,
            codec::integer(before.version)?,
        ])?;
    expect_one(changed, order.id)
}

//! Saves the rows of orders. What belongs to an order is saved in `lines.rs`, `payments.rs` and
//! `refunds.rs`.

use earmark_core::Order;
use earmark_core::text::{CustomerId, Reference};
use earmark_store::codes;
use uuid::Uuid;

use super::changed::{ChangedOrders, New, Old};
use super::plan::{Column, Plan, column, try_column};
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO orders (id, version, status, updated_at, paid_total, refunded_total, reserved_until, expiry_due_at, \
     confirmed_at, paid_at, shipping_address, metadata, cancellations, shipments, created_sequence, created_at, placed_total, \
     confirmed_at_placement, customer_id, reference) \
     SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::smallint[]), unnest($4::bigint[]), unnest($5::bigint[]), \
     unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::text[]), \
     unnest($12::text[]), unnest($13::text[]), unnest($14::text[]), unnest($15::bigint[]), unnest($16::bigint[]), unnest($17::bigint[]), \
     unnest($18::boolean[]), unnest($19::text[]), unnest($20::text[])";
/// Leaves out the columns that never change after placement.
const UPDATE: &str = "UPDATE orders t SET version = u.version, status = u.status, updated_at = u.updated_at, paid_total = u.paid_total, \
     refunded_total = u.refunded_total, reserved_until = u.reserved_until, expiry_due_at = u.expiry_due_at, \
     confirmed_at = u.confirmed_at, paid_at = u.paid_at, shipping_address = u.shipping_address, metadata = u.metadata, \
     cancellations = u.cancellations, shipments = u.shipments \
     FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], \
     $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[]) \
     u (id, version, status, updated_at, paid_total, refunded_total, reserved_until, expiry_due_at, confirmed_at, paid_at, \
     shipping_address, metadata, cancellations, shipments, was) WHERE t.id = u.id AND t.version = u.was";
const INSERT_REFERENCE: &str =
    "INSERT INTO order_references (reference, order_id) SELECT unnest($1::text[]), unnest($2::uuid[])";

pub(super) fn save<'a>(changed: &ChangedOrders<'a>, plan: &mut Plan<'a>) -> Result<()> {
    insert(&changed.new, plan)?;
    update(&changed.old, plan)
}

fn insert<'a>(new: &[New<'a>], plan: &mut Plan<'a>) -> Result<()> {
    let orders: Vec<&Order> = new.iter().map(|new| new.order).collect();
    let mut columns = changing(&orders)?;
    columns.extend([
        column(new.iter().map(|new| new.created_sequence)),
        column(orders.iter().map(|order| order.created_at.0)),
        column(orders.iter().map(|order| order.placed_total.minor())),
        column(orders.iter().map(|order| order.confirmed_at_placement)),
        column(orders.iter().map(|order| order.customer_id.as_ref().map(CustomerId::as_str))),
        column(orders.iter().map(|order| order.reference.as_ref().map(Reference::as_str))),
    ]);
    plan.add(INSERT, new.len(), columns);
    let named: Vec<_> =
        orders.iter().filter_map(|order| Some((order.reference.as_ref()?.as_str(), order.id))).collect();
    plan.add(
        INSERT_REFERENCE,
        named.len(),
        vec![
            column(named.iter().map(|(reference, _)| *reference)),
            column(named.iter().map(|(_, id)| Uuid::from_u128(id.0))),
        ],
    );
    Ok(())
}

fn update<'a>(old: &[Old<'a>], plan: &mut Plan<'a>) -> Result<()> {
    let orders: Vec<&Order> = old.iter().map(|old| old.order).collect();
    let mut columns = changing(&orders)?;
    columns.push(try_column(old.iter().map(|old| codec::integer(old.before.version)))?);
    plan.add(UPDATE, old.len(), columns);
    Ok(())
}

/// The columns that both statements have, in the same order.
fn changing<'a>(orders: &[&'a Order]) -> Result<Vec<Column<'a>>> {
    let address = |order: &&Order| order.shipping_address.as_ref().map(codec::to_document).transpose();
    Ok(vec![
        column(orders.iter().map(|order| Uuid::from_u128(order.id.0))),
        try_column(orders.iter().map(|order| codec::integer(order.version)))?,
        column(orders.iter().map(|order| codes::order_status_number(order.status()))),
        column(orders.iter().map(|order| order.updated_at.0)),
        column(orders.iter().map(|order| order.paid_total().minor())),
        column(orders.iter().map(|order| order.refunded_total().minor())),
        column(orders.iter().map(|order| order.reserved_until.0)),
        column(orders.iter().map(|order| order.expiry_due_at().map(|at| at.0))),
        column(orders.iter().map(|order| order.confirmed_at.map(|at| at.0))),
        column(orders.iter().map(|order| order.paid_at.map(|at| at.0))),
        try_column(orders.iter().map(address))?,
        try_column(orders.iter().map(|order| codec::to_pairs(&order.metadata)))?,
        try_column(orders.iter().map(|order| codec::to_list(&order.cancellations)))?,
        try_column(orders.iter().map(|order| codec::to_list(&order.shipments)))?,
    ])
}

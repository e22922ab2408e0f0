//! Saves the refunds of orders: those that are new, and those that changed.

use earmark_core::Refund;
use earmark_store::codes;
use uuid::Uuid;

use super::changed::{ChangedOrders, Placed};
use super::plan::{Column, Plan, column, try_column};
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO refunds (id, version, status, attempts, next_attempt_at, updated_at, order_id, number, payment_id, \
     amount, reason, created_at) \
     SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::smallint[]), unnest($4::bigint[]), unnest($5::bigint[]), \
     unnest($6::bigint[]), unnest($7::uuid[]), unnest($8::integer[]), unnest($9::uuid[]), unnest($10::bigint[]), unnest($11::smallint[]), \
     unnest($12::bigint[])";
const UPDATE: &str = "UPDATE refunds t SET version = u.version, status = u.status, attempts = u.attempts, \
     next_attempt_at = u.next_attempt_at, updated_at = u.updated_at \
     FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::integer[], \
     $9::bigint[]) u (id, version, status, attempts, next_attempt_at, updated_at, order_id, number, was) \
     WHERE t.order_id = u.order_id AND t.number = u.number AND t.id = u.id AND t.version = u.was";

const INSERT_KEY: &str =
    "INSERT INTO gateway_keys (id, order_id, kind) SELECT *, 1 FROM unnest($1::uuid[], $2::uuid[])";

pub(super) fn save<'a>(changed: &ChangedOrders<'a>, plan: &mut Plan<'a>) -> Result<()> {
    let rows = changed.rows(|order| &order.refunds, |refund| refund.version)?;
    let mut columns = changing(&rows.old)?;
    columns.push(column(rows.old.iter().map(|placed| placed.was)));
    plan.add(UPDATE, rows.old.len(), columns);
    insert(&rows.new, plan)
}

fn insert<'a>(added: &[Placed<'a, Refund>], plan: &mut Plan<'a>) -> Result<()> {
    let mut columns = changing(added)?;
    columns.extend([
        column(added.iter().map(|placed| Uuid::from_u128(placed.row.payment_id.0))),
        column(added.iter().map(|placed| placed.row.amount.minor())),
        column(added.iter().map(|placed| codes::reason_number(placed.row.reason))),
        column(added.iter().map(|placed| placed.row.created_at.0)),
    ]);
    plan.add(INSERT, added.len(), columns);
    let ids = column(added.iter().map(|placed| Uuid::from_u128(placed.row.id.0)));
    let orders = column(added.iter().map(|placed| placed.order));
    plan.add(INSERT_KEY, added.len(), vec![ids, orders]);
    Ok(())
}

/// The columns that both statements have, in the same order.
fn changing<'a>(placed: &[Placed<'a, Refund>]) -> Result<Vec<Column<'a>>> {
    let refunds = || placed.iter().map(|placed| placed.row);
    Ok(vec![
        column(refunds().map(|refund| Uuid::from_u128(refund.id.0))),
        try_column(refunds().map(|refund| codec::integer(refund.version)))?,
        column(refunds().map(|refund| codes::refund_status_number(refund.status))),
        column(refunds().map(|refund| i64::from(refund.attempts))),
        column(refunds().map(|refund| refund.next_attempt_at.0)),
        column(refunds().map(|refund| refund.updated_at.0)),
        column(placed.iter().map(|placed| placed.order)),
        try_column(placed.iter().map(|placed| codec::place::<i32>(placed.place)))?,
    ])
}

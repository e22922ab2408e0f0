//! Saves the payments of orders: those that are new, and those that changed.

use earmark_core::Payment;
use earmark_core::text::Name;
use earmark_store::codes;
use uuid::Uuid;

use super::changed::{ChangedOrders, Placed};
use super::plan::{Column, Plan, column, try_column};
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO payments (id, version, status, gateway_reference, decline_code, attempts, next_attempt_at, updated_at, \
     order_id, attempt, amount, token, gateway, created_at) \
     SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::smallint[]), unnest($4::text[]), unnest($5::text[]), \
     unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::uuid[]), unnest($10::smallint[]), \
     unnest($11::bigint[]), unnest($12::text[]), unnest($13::text[]), unnest($14::bigint[])";
const UPDATE: &str = "UPDATE payments t SET version = u.version, status = u.status, gateway_reference = u.gateway_reference, \
     decline_code = u.decline_code, attempts = u.attempts, next_attempt_at = u.next_attempt_at, updated_at = u.updated_at \
     FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], \
     $9::uuid[], $10::smallint[], $11::bigint[]) \
     u (id, version, status, gateway_reference, decline_code, attempts, next_attempt_at, updated_at, order_id, attempt, was) \
     WHERE t.order_id = u.order_id AND t.attempt = u.attempt AND t.id = u.id AND t.version = u.was";
const INSERT_KEY: &str =
    "INSERT INTO gateway_keys (id, order_id, kind) SELECT *, 0 FROM unnest($1::uuid[], $2::uuid[])";

pub(super) fn save<'a>(changed: &ChangedOrders<'a>, plan: &mut Plan<'a>) -> Result<()> {
    let rows = changed.rows(|order| &order.payments, |payment| payment.version)?;
    // Updates first: when an attempt has ended, the next one may be inserted.
    let mut columns = changing(&rows.old)?;
    columns.push(column(rows.old.iter().map(|placed| placed.was)));
    plan.add(UPDATE, rows.old.len(), columns);
    insert(&rows.new, plan)
}

fn insert<'a>(added: &[Placed<'a, Payment>], plan: &mut Plan<'a>) -> Result<()> {
    let mut columns = changing(added)?;
    columns.extend([
        column(added.iter().map(|placed| placed.row.amount.minor())),
        column(added.iter().map(|placed| placed.row.token.as_str())),
        column(added.iter().map(|placed| placed.row.gateway.as_str())),
        column(added.iter().map(|placed| placed.row.created_at.0)),
    ]);
    plan.add(INSERT, added.len(), columns);
    let ids = column(added.iter().map(|placed| Uuid::from_u128(placed.row.id.0)));
    let orders = column(added.iter().map(|placed| placed.order));
    plan.add(INSERT_KEY, added.len(), vec![ids, orders]);
    Ok(())
}

/// The columns that both statements have, in the same order.
fn changing<'a>(placed: &[Placed<'a, Payment>]) -> Result<Vec<Column<'a>>> {
    let payments = || placed.iter().map(|placed| placed.row);
    Ok(vec![
        column(payments().map(|payment| Uuid::from_u128(payment.id.0))),
        try_column(payments().map(|payment| codec::integer(payment.version)))?,
        column(payments().map(|payment| codes::payment_status_number(payment.status))),
        column(payments().map(|payment| payment.gateway_reference.as_ref().map(Name::as_str))),
        column(payments().map(|payment| payment.decline_code.as_ref().map(Name::as_str))),
        column(payments().map(|payment| i64::from(payment.attempts))),
        column(payments().map(|payment| payment.next_attempt_at.0)),
        column(payments().map(|payment| payment.updated_at.0)),
        column(placed.iter().map(|placed| placed.order)),
        try_column(placed.iter().map(|placed| codec::place::<i16>(placed.place)))?,
    ])
}

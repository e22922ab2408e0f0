//! Saves the payments of orders: those that are new, and those that changed.

use earmark_core::payments::Payment;
use earmark_core::text::Name;
use earmark_store::codes;
use uuid::Uuid;

use super::changed::ChangedOrders;
use super::plan::{Column, Plan, column};
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

/// A payment with the id of its order and its place there. `was` is the version that was loaded.
struct Placed<'a> {
    order: Uuid,
    attempt: i16,
    payment: &'a Payment,
    was: i64,
}

pub(super) fn save<'a>(changed: &ChangedOrders<'a>, plan: &mut Plan<'a>) -> Result<()> {
    let (mut added, mut moved) = (Vec::new(), Vec::new());
    let known = changed.old.iter().map(|old| (old.order, old.before.payments.as_slice()));
    for (order, before) in changed.new.iter().map(|new| (new.order, &[][..])).chain(known) {
        let id = Uuid::from_u128(order.id.0);
        for (attempt, payment) in (0_i16..).zip(&order.payments) {
            match before.get(usize::try_from(attempt).unwrap_or(usize::MAX)) {
                None => added.push(Placed { order: id, attempt, payment, was: 0 }),
                Some(was) if was != payment => {
                    moved.push(Placed { order: id, attempt, payment, was: codec::integer(was.version)? });
                }
                Some(_) => {}
            }
        }
    }
    // Updates first: when an attempt has ended, the next one may be inserted.
    let mut columns = changing(&moved)?;
    columns.push(column(moved.iter().map(|placed| placed.was)));
    plan.add(UPDATE, moved.len(), columns);
    insert(&added, plan)
}

fn insert<'a>(added: &[Placed<'a>], plan: &mut Plan<'a>) -> Result<()> {
    let mut columns = changing(added)?;
    columns.extend([
        column(added.iter().map(|placed| placed.payment.amount.minor())),
        column(added.iter().map(|placed| placed.payment.token.as_str())),
        column(added.iter().map(|placed| placed.payment.gateway.as_str())),
        column(added.iter().map(|placed| placed.payment.created_at.0)),
    ]);
    plan.add(INSERT, added.len(), columns);
    let ids = column(added.iter().map(|placed| Uuid::from_u128(placed.payment.id.0)));
    let orders = column(added.iter().map(|placed| placed.order));
    plan.add(INSERT_KEY, added.len(), vec![ids, orders]);
    Ok(())
}

/// The columns that both statements have, in the same order.
fn changing<'a>(placed: &[Placed<'a>]) -> Result<Vec<Column<'a>>> {
    let payments = || placed.iter().map(|placed| placed.payment);
    let version = payments().map(|payment| codec::integer(payment.version)).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        column(payments().map(|payment| Uuid::from_u128(payment.id.0))),
        column(version.into_iter()),
        column(payments().map(|payment| codes::payment_status_number(payment.status))),
        column(payments().map(|payment| payment.gateway_reference.as_ref().map(Name::as_str))),
        column(payments().map(|payment| payment.decline_code.as_ref().map(Name::as_str))),
        column(payments().map(|payment| i64::from(payment.attempts))),
        column(payments().map(|payment| payment.next_attempt_at.0)),
        column(payments().map(|payment| payment.updated_at.0)),
        column(placed.iter().map(|placed| placed.order)),
        column(placed.iter().map(|placed| placed.attempt)),
    ])
}

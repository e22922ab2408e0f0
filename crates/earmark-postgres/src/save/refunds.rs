//! Saves the refunds of orders: those that are new, and those that changed.

use earmark_core::refunds::Refund;
use earmark_store::codes;
use uuid::Uuid;

use super::changed::ChangedOrders;
use super::plan::{Column, Plan, column};
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

/// A refund with the id of its order and its place there. `was` is the version that was loaded.
struct Placed<'a> {
    order: Uuid,
    number: i32,
    refund: &'a Refund,
    was: i64,
}

pub(super) fn save<'a>(changed: &ChangedOrders<'a>, plan: &mut Plan<'a>) -> Result<()> {
    let (mut added, mut moved) = (Vec::new(), Vec::new());
    let known = changed.old.iter().map(|old| (old.order, old.before.refunds.as_slice()));
    for (order, before) in changed.new.iter().map(|new| (new.order, &[][..])).chain(known) {
        let id = Uuid::from_u128(order.id.0);
        for (number, refund) in (0_i32..).zip(&order.refunds) {
            match before.get(usize::try_from(number).unwrap_or(usize::MAX)) {
                None => added.push(Placed { order: id, number, refund, was: 0 }),
                Some(was) if was != refund => {
                    moved.push(Placed { order: id, number, refund, was: codec::integer(was.version)? });
                }
                Some(_) => {}
            }
        }
    }
    let mut columns = changing(&moved)?;
    columns.push(column(moved.iter().map(|placed| placed.was)));
    plan.add(UPDATE, moved.len(), columns);
    insert(&added, plan)
}

fn insert<'a>(added: &[Placed<'a>], plan: &mut Plan<'a>) -> Result<()> {
    let mut columns = changing(added)?;
    columns.extend([
        column(added.iter().map(|placed| Uuid::from_u128(placed.refund.payment_id.0))),
        column(added.iter().map(|placed| placed.refund.amount.minor())),
        column(added.iter().map(|placed| codes::reason_number(placed.refund.reason))),
        column(added.iter().map(|placed| placed.refund.created_at.0)),
    ]);
    plan.add(INSERT, added.len(), columns);
    let ids = column(added.iter().map(|placed| Uuid::from_u128(placed.refund.id.0)));
    let orders = column(added.iter().map(|placed| placed.order));
    plan.add(INSERT_KEY, added.len(), vec![ids, orders]);
    Ok(())
}

/// The columns that both statements have, in the same order.
fn changing<'a>(placed: &[Placed<'a>]) -> Result<Vec<Column<'a>>> {
    let refunds = || placed.iter().map(|placed| placed.refund);
    let version = refunds().map(|refund| codec::integer(refund.version)).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        column(refunds().map(|refund| Uuid::from_u128(refund.id.0))),
        column(version.into_iter()),
        column(refunds().map(|refund| codes::refund_status_number(refund.status))),
        column(refunds().map(|refund| i64::from(refund.attempts))),
        column(refunds().map(|refund| refund.next_attempt_at.0)),
        column(refunds().map(|refund| refund.updated_at.0)),
        column(placed.iter().map(|placed| placed.order)),
        column(placed.iter().map(|placed| placed.number)),
    ])
}

//! Saves carts, the only rows of the shop that are deleted.

use earmark_core::text::CustomerId;
use earmark_core::{Cart, Change};
use uuid::Uuid;

use super::plan::{Column, Plan, column, try_column};
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO carts (id, version, customer_id, lines, metadata, created_at, updated_at, expires_at) \
     SELECT unnest($1::uuid[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::bigint[]), \
     unnest($7::bigint[]), unnest($8::bigint[])";
const UPDATE: &str = "UPDATE carts t SET version = u.version, customer_id = u.customer_id, lines = u.lines, metadata = u.metadata, \
     created_at = u.created_at, updated_at = u.updated_at, expires_at = u.expires_at \
     FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) \
     u (id, version, customer_id, lines, metadata, created_at, updated_at, expires_at, was) WHERE t.id = u.id AND t.version = u.was";
const DELETE: &str = "DELETE FROM carts t USING unnest($1::uuid[], $2::bigint[]) u (id, was) WHERE t.id = u.id AND t.version = u.was";

pub(super) fn save<'a>(changes: &'a [Change<Cart>], plan: &mut Plan<'a>) -> Result<()> {
    let (mut new, mut old, mut old_versions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut gone, mut gone_versions) = (Vec::new(), Vec::new());
    for change in changes {
        match (&change.before, &change.after) {
            (None, Some(cart)) => new.push(&**cart),
            (Some(before), Some(cart)) => {
                old.push(&**cart);
                old_versions.push(codec::integer(before.version)?);
            }
            (Some(before), None) => {
                gone.push(Uuid::from_u128(before.id.0));
                gone_versions.push(codec::integer(before.version)?);
            }
            (None, None) => {}
        }
    }
    plan.add(INSERT, new.len(), columns(&new)?);
    let mut updated = columns(&old)?;
    updated.push(column(old_versions.into_iter()));
    plan.add(UPDATE, old.len(), updated);
    let deleted = gone.len();
    plan.add(DELETE, deleted, vec![column(gone.into_iter()), column(gone_versions.into_iter())]);
    Ok(())
}

fn columns<'a>(carts: &[&'a Cart]) -> Result<Vec<Column<'a>>> {
    Ok(vec![
        column(carts.iter().map(|cart| Uuid::from_u128(cart.id.0))),
        try_column(carts.iter().map(|cart| codec::integer(cart.version)))?,
        column(carts.iter().map(|cart| cart.customer_id.as_ref().map(CustomerId::as_str))),
        try_column(carts.iter().map(|cart| codec::to_list(&cart.lines)))?,
        try_column(carts.iter().map(|cart| codec::to_pairs(&cart.metadata)))?,
        column(carts.iter().map(|cart| cart.created_at.0)),
        column(carts.iter().map(|cart| cart.updated_at.0)),
        column(carts.iter().map(|cart| cart.expires_at.0)),
    ])
}

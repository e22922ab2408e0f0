//! Saves carts, the only rows of the shop that are deleted.

use earmark_core::text::CustomerId;
use earmark_core::{Cart, Change};
use rusqlite::{Connection, params};

use super::refusals::expect_one;
use crate::codec;
use crate::error::Result;

pub(super) fn save(connection: &Connection, changes: &[Change<Cart>]) -> Result<()> {
    for change in changes {
        match (&change.before, &change.after) {
            (None, Some(cart)) => insert(connection, cart)?,
            (Some(before), Some(cart)) => update(connection, before, cart)?,
            (Some(before), None) => delete(connection, before)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn insert(connection: &Connection, cart: &Cart) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO carts (id, version, customer_id, lines, metadata, created_at, updated_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            cart.id.to_bytes(),
            codec::integer(cart.version)?,
            cart.customer_id.as_ref().map(CustomerId::as_str),
            codec::to_list(&cart.lines)?,
            codec::to_pairs(&cart.metadata)?,
            cart.created_at.0,
            cart.updated_at.0,
            cart.expires_at.0,
        ])?;
    Ok(())
}

fn update(connection: &Connection, before: &Cart, cart: &Cart) -> Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE carts SET version = ?2, customer_id = ?3, lines = ?4, metadata = ?5, updated_at = ?6, expires_at = ?7 \
             WHERE id = ?1 AND version = ?8",
        )?
        .execute(params![
            cart.id.to_bytes(),
            codec::integer(cart.version)?,
            cart.customer_id.as_ref().map(CustomerId::as_str),
            codec::to_list(&cart.lines)?,
            codec::to_pairs(&cart.metadata)?,
            cart.updated_at.0,
            cart.expires_at.0,
            codec::integer(before.version)?,
        ])?;
    expect_one(changed, cart.id)
}

fn delete(connection: &Connection, before: &Cart) -> Result<()> {
    let changed = connection
        .prepare_cached("DELETE FROM carts WHERE id = ?1 AND version = ?2")?
        .execute(params![before.id.to_bytes(), codec::integer(before.version)?])?;
    expect_one(changed, before.id)
}

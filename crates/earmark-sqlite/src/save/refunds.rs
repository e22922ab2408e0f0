//! Saves the refunds of an order: those that are new, and those that changed.

use earmark_core::{Order, Refund};
use earmark_store::codes;
use rusqlite::{Connection, params};

use super::refusals::expect_one;
use crate::codec;
use crate::error::Result;

pub(super) fn save(connection: &Connection, before: Option<&Order>, order: &Order) -> Result<()> {
    let known = before.map_or(&[][..], |before| &before.refunds);
    for (was, refund) in known.iter().zip(&order.refunds).filter(|(was, refund)| was != refund) {
        update(connection, was, refund)?;
    }
    for (number, refund) in order.refunds.iter().enumerate().skip(known.len()) {
        insert(connection, order, number, refund)?;
    }
    Ok(())
}

fn insert(connection: &Connection, order: &Order, number: usize, refund: &Refund) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO refunds (order_id, number, id, payment_id, version, status, amount, reason, attempts, \
             next_attempt_at, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            order.id.to_bytes(),
            codec::limit(number),
            refund.id.to_bytes(),
            refund.payment_id.to_bytes(),
            codec::integer(refund.version)?,
            codes::refund_status_number(refund.status),
            refund.amount.minor(),
            codes::reason_number(refund.reason),
            refund.attempts,
            refund.next_attempt_at.0,
            refund.created_at.0,
            refund.updated_at.0,
        ])?;
    Ok(())
}

fn update(connection: &Connection, was: &Refund, refund: &Refund) -> Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE refunds SET version = ?2, status = ?3, attempts = ?4, next_attempt_at = ?5, updated_at = ?6 \
             WHERE id = ?1 AND version = ?7",
        )?
        .execute(params![
            refund.id.to_bytes(),
            codec::integer(refund.version)?,
            codes::refund_status_number(refund.status),
            refund.attempts,
            refund.next_attempt_at.0,
            refund.updated_at.0,
            codec::integer(was.version)?,
        ])?;
    expect_one(changed, refund.id)
}

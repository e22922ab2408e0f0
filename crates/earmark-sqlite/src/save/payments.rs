//! Saves the payments of an order: those that are new, and those that changed.

use earmark_core::text::Name;
use earmark_core::{Order, Payment};
use earmark_store::codes;
use rusqlite::{Connection, params};

use super::refusals::expect_one;
use crate::codec;
use crate::error::Result;

pub(super) fn save(connection: &Connection, before: Option<&Order>, order: &Order) -> Result<()> {
    let known = before.map_or(&[][..], |before| &before.payments);
    // Updates first: when an attempt has ended, the next one may be inserted.
    for (was, payment) in known.iter().zip(&order.payments).filter(|(was, payment)| was != payment) {
        update(connection, was, payment)?;
    }
    for (attempt, payment) in order.payments.iter().enumerate().skip(known.len()) {
        insert(connection, order, attempt, payment)?;
    }
    Ok(())
}

fn insert(connection: &Connection, order: &Order, attempt: usize, payment: &Payment) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO payments (order_id, attempt, id, version, status, amount, token, gateway, gateway_reference, \
             decline_code, attempts, next_attempt_at, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            order.id.to_bytes(),
            codec::limit(attempt),
            payment.id.to_bytes(),
            codec::integer(payment.version)?,
            codes::payment_status_number(payment.status),
            payment.amount.minor(),
            payment.token.as_str(),
            payment.gateway.as_str(),
            payment.gateway_reference.as_ref().map(Name::as_str),
            payment.decline_code.as_ref().map(Name::as_str),
            payment.attempts,
            payment.next_attempt_at.0,
            payment.created_at.0,
            payment.updated_at.0,
        ])?;
    Ok(())
}

fn update(connection: &Connection, was: &Payment, payment: &Payment) -> Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE payments SET version = ?2, status = ?3, gateway_reference = ?4, decline_code = ?5, attempts = ?6, \
             next_attempt_at = ?7, updated_at = ?8 WHERE id = ?1 AND version = ?9",
        )?
        .execute(params![
            payment.id.to_bytes(),
            codec::integer(payment.version)?,
            codes::payment_status_number(payment.status),
            payment.gateway_reference.as_ref().map(Name::as_str),
            payment.decline_code.as_ref().map(Name::as_str),
            payment.attempts,
            payment.next_attempt_at.0,
            payment.updated_at.0,
            codec::integer(was.version)?,
        ])?;
    expect_one(changed, payment.id)
}

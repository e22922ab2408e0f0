//! Saves the lines of an order: all lines of a new order, and those lines of another whose counters
//! moved.

use earmark_core::Order;
use rusqlite::{Connection, params};

use super::refusals::expect_one;
use crate::codec;
use crate::error::{DatabaseError, Result};

pub(super) fn save(connection: &Connection, before: Option<&Order>, order: &Order) -> Result<()> {
    match before {
        None => insert(connection, order),
        Some(before) => update(connection, before, order),
    }
}

fn insert(connection: &Connection, order: &Order) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO order_lines (order_id, line, sku, name, unit_price, quantity, cancelled, shipped, delivered, returned) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let id = order.id.to_bytes();
    for (place, line) in order.lines.iter().enumerate() {
        insert.execute(params![
            id,
            codec::limit(place),
            line.sku.as_str(),
            line.name.as_str(),
            line.unit_price.minor(),
            line.quantity,
            line.cancelled,
            line.shipped,
            line.delivered,
            line.returned,
        ])?;
    }
    Ok(())
}

fn update(connection: &Connection, before: &Order, order: &Order) -> Result<()> {
    if before.lines.len() != order.lines.len() {
        return Err(DatabaseError::Conflict(format!("the lines of {} were placed once", order.id)));
    }
    let mut update = connection.prepare_cached(
        "UPDATE order_lines SET cancelled = ?4, shipped = ?5, delivered = ?6, returned = ?7 \
         WHERE order_id = ?1 AND line = ?2 AND sku = ?3",
    )?;
    let differing = before.lines.iter().zip(&order.lines).enumerate().filter(|(_, (was, line))| was != line);
    for (place, (_, line)) in differing {
        let changed = update.execute(params![
            order.id.to_bytes(),
            codec::limit(place),
            line.sku.as_str(),
            line.cancelled,
            line.shipped,
            line.delivered,
            line.returned,
        ])?;
        expect_one(changed, order.id)?;
    }
    Ok(())
}

//! Saves the lines of orders: all lines of new orders, and those lines of others whose counters
//! moved.

use earmark_core::orders::OrderLine;
use uuid::Uuid;

use super::changed::{ChangedOrders, New, Old};
use super::plan::{Column, Plan, column, try_column};
use crate::codec;
use crate::error::{DatabaseError, Result};

const INSERT: &str = "INSERT INTO order_lines \
     (order_id, line, sku, name, unit_price, quantity, cancelled, shipped, delivered, returned) \
     SELECT unnest($1::uuid[]), unnest($2::smallint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::bigint[]), \
     unnest($6::integer[]), unnest($7::integer[]), unnest($8::integer[]), unnest($9::integer[]), unnest($10::integer[])";
const UPDATE: &str = "UPDATE order_lines t SET cancelled = u.cancelled, shipped = u.shipped, delivered = u.delivered, returned = u.returned \
     FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[]) \
     u (order_id, line, sku, cancelled, shipped, delivered, returned) \
     WHERE t.order_id = u.order_id AND t.line = u.line AND t.sku = u.sku";

/// A line with the id of its order and its place there.
struct Placed<'a> {
    order: Uuid,
    place: i16,
    line: &'a OrderLine,
}

pub(super) fn save<'a>(changed: &ChangedOrders<'a>, plan: &mut Plan<'a>) -> Result<()> {
    insert(&changed.new, plan)?;
    update(&changed.old, plan)
}

fn insert<'a>(new: &[New<'a>], plan: &mut Plan<'a>) -> Result<()> {
    let mut lines = Vec::new();
    for New { order, .. } in new {
        for (index, line) in order.lines.iter().enumerate() {
            let order = Uuid::from_u128(order.id.0);
            lines.push(Placed { order, place: codec::place(index)?, line });
        }
    }
    plan.add(
        INSERT,
        lines.len(),
        vec![
            column(lines.iter().map(|placed| placed.order)),
            column(lines.iter().map(|placed| placed.place)),
            column(lines.iter().map(|placed| placed.line.sku.as_str())),
            column(lines.iter().map(|placed| placed.line.name.as_str())),
            column(lines.iter().map(|placed| placed.line.unit_price.minor())),
            counters(&lines, |line| line.quantity)?,
            counters(&lines, |line| line.cancelled)?,
            counters(&lines, |line| line.shipped)?,
            counters(&lines, |line| line.delivered)?,
            counters(&lines, |line| line.returned)?,
        ],
    );
    Ok(())
}

fn update<'a>(old: &[Old<'a>], plan: &mut Plan<'a>) -> Result<()> {
    let mut lines = Vec::new();
    for Old { before, order } in old {
        if before.lines.len() != order.lines.len() {
            return Err(DatabaseError::Conflict(format!("the lines of {} were placed once", order.id)));
        }
        let pairs = before.lines.iter().zip(&order.lines).enumerate();
        for (index, (_, line)) in pairs.filter(|(_, (was, line))| was != line) {
            let order = Uuid::from_u128(order.id.0);
            lines.push(Placed { order, place: codec::place(index)?, line });
        }
    }
    plan.add(
        UPDATE,
        lines.len(),
        vec![
            column(lines.iter().map(|placed| placed.order)),
            column(lines.iter().map(|placed| placed.place)),
            column(lines.iter().map(|placed| placed.line.sku.as_str())),
            counters(&lines, |line| line.cancelled)?,
            counters(&lines, |line| line.shipped)?,
            counters(&lines, |line| line.delivered)?,
            counters(&lines, |line| line.returned)?,
        ],
    );
    Ok(())
}

fn counters<'a>(lines: &[Placed<'_>], of: fn(&OrderLine) -> u32) -> Result<Column<'a>> {
    try_column(lines.iter().map(|placed| codec::units(of(placed.line))))
}

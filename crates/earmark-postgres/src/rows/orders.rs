//! Reads orders with all that belongs to them: four statements in one round trip, however many
//! orders.

use std::collections::HashMap;

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::OrderLine;
use earmark_core::payments::Token;
use earmark_core::text::{CustomerId, Name, Reference, Sku};
use earmark_core::{Order, Payment, Refund};
use earmark_store::{StoreError, codes};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::query;
use crate::codec;
use crate::error::{DatabaseError, Result};
use crate::session::Session;

const ORDERS: &str = "SELECT id, version, created_at, updated_at, placed_total, reserved_until, confirmed_at_placement, confirmed_at, \
     paid_at, customer_id, reference, shipping_address, metadata, cancellations, shipments FROM orders WHERE id = ANY($1)";
const LINES: &str = "SELECT order_id, sku, name, unit_price, quantity, cancelled, shipped, delivered, returned FROM order_lines \
     WHERE order_id = ANY($1) ORDER BY order_id, line";
const PAYMENTS: &str = "SELECT order_id, id, version, status, amount, token, gateway, gateway_reference, decline_code, attempts, \
     next_attempt_at, created_at, updated_at FROM payments WHERE order_id = ANY($1) ORDER BY order_id, attempt";
const REFUNDS: &str = "SELECT order_id, id, payment_id, version, status, amount, reason, attempts, next_attempt_at, created_at, \
     updated_at FROM refunds WHERE order_id = ANY($1) ORDER BY order_id, number";

/// The orders that have these ids; those that are not there are left out.
pub(crate) async fn find(session: &Session, ids: &[Uuid]) -> Result<HashMap<OrderId, Order>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let these: &[&(dyn ToSql + Sync)] = &[&ids];
    let (orders, lines, payments, refunds) = tokio::try_join!(
        query(session, ORDERS, these),
        query(session, LINES, these),
        query(session, PAYMENTS, these),
        query(session, REFUNDS, these),
    )?;
    let mut found = HashMap::with_capacity(orders.len());
    for row in &orders {
        let order = read(row)?;
        found.insert(order.id, order);
    }
    let owner = |row: &Row| Ok::<_, DatabaseError>(OrderId(codec::bits(row, 0)?));
    for row in &lines {
        let line = line(row)?;
        found.entry(owner(row)?).and_modify(|order| order.lines.push(line));
    }
    for row in &payments {
        let payment = payment(row)?;
        found.entry(owner(row)?).and_modify(|order| order.payments.push(payment));
    }
    for row in &refunds {
        let refund = refund(row)?;
        found.entry(owner(row)?).and_modify(|order| order.refunds.push(refund));
    }
    for order in found.values() {
        order.check_readable().map_err(StoreError::from)?;
    }
    Ok(found)
}

pub(crate) async fn find_one(session: &Session, id: OrderId) -> Result<Option<Order>> {
    Ok(find(session, &[Uuid::from_u128(id.0)]).await?.remove(&id))
}

/// The orders that have these ids, in the same order; each must be there.
pub(crate) async fn get(session: &Session, ids: &[Uuid]) -> Result<Vec<Order>> {
    let mut found = find(session, ids).await?;
    let mut orders = Vec::with_capacity(ids.len());
    for id in ids {
        let id = OrderId(id.as_u128());
        let order = found.remove(&id);
        orders.push(order.ok_or_else(|| DatabaseError::damaged("an order is named but not there", id))?);
    }
    Ok(orders)
}

fn read(row: &Row) -> Result<Order> {
    Ok(Order {
        id: OrderId(codec::bits(row, 0)?),
        version: codec::count(row, 1)?,
        created_at: codec::time(row, 2)?,
        updated_at: codec::time(row, 3)?,
        placed_total: codec::money(row, 4)?,
        reserved_until: codec::time(row, 5)?,
        confirmed_at_placement: codec::get(row, 6)?,
        confirmed_at: codec::optional_time(row, 7)?,
        paid_at: codec::optional_time(row, 8)?,
        customer_id: codec::optional_text(row, 9, CustomerId::parse)?,
        reference: codec::optional_text(row, 10, Reference::parse)?,
        shipping_address: codec::document(row, 11)?,
        metadata: codec::document(row, 12)?.unwrap_or_default(),
        cancellations: codec::document(row, 13)?.unwrap_or_default(),
        shipments: codec::document(row, 14)?.unwrap_or_default(),
        lines: Vec::new(),
        payments: Vec::new(),
        refunds: Vec::new(),
    })
}

fn line(row: &Row) -> Result<OrderLine> {
    Ok(OrderLine {
        sku: codec::text(row, 1, Sku::parse)?,
        name: codec::text(row, 2, Name::parse)?,
        unit_price: codec::money(row, 3)?,
        quantity: codec::quantity(row, 4)?,
        cancelled: codec::quantity(row, 5)?,
        shipped: codec::quantity(row, 6)?,
        delivered: codec::quantity(row, 7)?,
        returned: codec::quantity(row, 8)?,
    })
}

fn payment(row: &Row) -> Result<Payment> {
    Ok(Payment {
        id: PaymentId(codec::bits(row, 1)?),
        version: codec::count(row, 2)?,
        status: codes::payment_status(codec::number(row, 3)?)?,
        amount: codec::money(row, 4)?,
        token: codec::text(row, 5, Token::parse)?,
        gateway: codec::text(row, 6, Name::parse)?,
        gateway_reference: codec::optional_text(row, 7, Name::parse)?,
        decline_code: codec::optional_text(row, 8, Name::parse)?,
        attempts: codec::attempts(row, 9)?,
        next_attempt_at: codec::time(row, 10)?,
        created_at: codec::time(row, 11)?,
        updated_at: codec::time(row, 12)?,
    })
}

fn refund(row: &Row) -> Result<Refund> {
    Ok(Refund {
        id: RefundId(codec::bits(row, 1)?),
        payment_id: PaymentId(codec::bits(row, 2)?),
        version: codec::count(row, 3)?,
        status: codes::refund_status(codec::number(row, 4)?)?,
        amount: codec::money(row, 5)?,
        reason: codes::reason(codec::number(row, 6)?)?,
        attempts: codec::attempts(row, 7)?,
        next_attempt_at: codec::time(row, 8)?,
        created_at: codec::time(row, 9)?,
        updated_at: codec::time(row, 10)?,
    })
}

//! Reads orders with all that belongs to them.

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::OrderLine;
use earmark_core::payments::Token;
use earmark_core::text::{CustomerId, Name, Reference, Sku};
use earmark_core::{Order, Payment, Refund};
use earmark_store::{StoreError, codes};
use rusqlite::{Connection, Row};

use super::{query, query_one};
use crate::codec;
use crate::error::{DatabaseError, Result};

/// The order with this id; `None` if it is not there.
pub(crate) fn find(connection: &Connection, id: OrderId) -> Result<Option<Order>> {
    let sql = "SELECT id, version, created_at, updated_at, placed_total, reserved_until, confirmed_at_placement, confirmed_at, \
         paid_at, customer_id, reference, shipping_address, metadata, cancellations, shipments FROM orders WHERE id = ?1";
    let Some(mut order) = query_one(connection, sql, [id.to_bytes()], read)? else { return Ok(None) };
    order.lines = lines(connection, id)?;
    order.payments = payments(connection, id)?;
    order.refunds = refunds(connection, id)?;
    order.check_readable().map_err(StoreError::from)?;
    Ok(Some(order))
}

/// The order with this id, which must be there because another row names it.
pub(crate) fn get(connection: &Connection, id: OrderId) -> Result<Order> {
    find(connection, id)?.ok_or_else(|| DatabaseError::damaged("an order is named but not there", id))
}

fn read(row: &Row<'_>) -> Result<Order> {
    Ok(Order {
        id: OrderId::from_bytes(row.get(0)?),
        version: codec::count(row, 1)?,
        created_at: codec::time(row, 2)?,
        updated_at: codec::time(row, 3)?,
        placed_total: codec::money(row, 4)?,
        reserved_until: codec::time(row, 5)?,
        confirmed_at_placement: row.get(6)?,
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

fn lines(connection: &Connection, id: OrderId) -> Result<Vec<OrderLine>> {
    let sql = "SELECT sku, name, unit_price, quantity, cancelled, shipped, delivered, returned FROM order_lines \
         WHERE order_id = ?1 ORDER BY line";
    query(connection, sql, [id.to_bytes()], |row| {
        Ok(OrderLine {
            sku: codec::text(row, 0, Sku::parse)?,
            name: codec::text(row, 1, Name::parse)?,
            unit_price: codec::money(row, 2)?,
            quantity: row.get(3)?,
            cancelled: row.get(4)?,
            shipped: row.get(5)?,
            delivered: row.get(6)?,
            returned: row.get(7)?,
        })
    })
}

fn payments(connection: &Connection, id: OrderId) -> Result<Vec<Payment>> {
    let sql = "SELECT id, version, status, amount, token, gateway, gateway_reference, decline_code, attempts, next_attempt_at, \
         created_at, updated_at FROM payments WHERE order_id = ?1 ORDER BY attempt";
    query(connection, sql, [id.to_bytes()], |row| {
        Ok(Payment {
            id: PaymentId::from_bytes(row.get(0)?),
            version: codec::count(row, 1)?,
            status: codes::payment_status(row.get(2)?)?,
            amount: codec::money(row, 3)?,
            token: codec::text(row, 4, Token::parse)?,
            gateway: codec::text(row, 5, Name::parse)?,
            gateway_reference: codec::optional_text(row, 6, Name::parse)?,
            decline_code: codec::optional_text(row, 7, Name::parse)?,
            attempts: row.get(8)?,
            next_attempt_at: codec::time(row, 9)?,
            created_at: codec::time(row, 10)?,
            updated_at: codec::time(row, 11)?,
        })
    })
}

fn refunds(connection: &Connection, id: OrderId) -> Result<Vec<Refund>> {
    let sql = "SELECT id, payment_id, version, status, amount, reason, attempts, next_attempt_at, created_at, updated_at \
         FROM refunds WHERE order_id = ?1 ORDER BY number";
    query(connection, sql, [id.to_bytes()], |row| {
        Ok(Refund {
            id: RefundId::from_bytes(row.get(0)?),
            payment_id: PaymentId::from_bytes(row.get(1)?),
            version: codec::count(row, 2)?,
            status: codes::refund_status(row.get(3)?)?,
            amount: codec::money(row, 4)?,
            reason: codes::reason(row.get(5)?)?,
            attempts: row.get(6)?,
            next_attempt_at: codec::time(row, 7)?,
            created_at: codec::time(row, 8)?,
            updated_at: codec::time(row, 9)?,
        })
    })
}

//! An order with everything that belongs to it.

use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::{Order, OrderLine};
use earmark_core::payments::{Payment, PaymentStatus, Token};
use earmark_core::refunds::{Refund, RefundStatus};
use earmark_core::text::{CustomerId, Name, Reference, Sku};
use earmark_core::{Money, Overflow};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec;
use crate::fault::Fault;

/// The order of an id.
pub(crate) fn find(connection: &Connection, id: OrderId) -> Result<Option<Order>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, version, created_at, updated_at, placed_total, reserved_until, confirmed_at_placement, confirmed_at, \
         paid_at, customer_id, reference, shipping_address, metadata, cancellations, shipments FROM orders WHERE id = ?1",
    )?;
    let Some(order) = statement.query_row([id.to_bytes()], |row| Ok(read(row))).optional()? else {
        return Ok(None);
    };
    let mut order = order?;
    order.lines = lines(connection, id)?;
    order.payments = payments(connection, id)?;
    order.refunds = refunds(connection, id)?;
    if !sums_fit(&order) {
        return Err(Fault::damaged("the amounts of an order do not fit together", id));
    }
    Ok(Some(order))
}

/// Whether everything that is computed from the amounts stays within the range of money, as it does in every order that was ever decided.
fn sums_fit(order: &Order) -> bool {
    let placed = Money::sum(order.lines.iter().map(OrderLine::placed_total));
    let cancelled = order.cancellations.iter().flat_map(|part| &part.lines);
    let cancelled = Money::sum(cancelled.map(|units| units.amount));
    let paid = order.payments.iter().filter(|payment| payment.status == PaymentStatus::Succeeded);
    let paid = Money::sum(paid.map(|payment| payment.amount));
    let refunded = order.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
    let refunded = Money::sum(refunded.map(|refund| refund.amount));
    let within = |part: Result<Money, Overflow>, whole| part.is_ok_and(|part| part <= whole);
    placed.is_ok_and(|placed| within(cancelled, placed)) && paid.is_ok_and(|paid| within(refunded, paid))
}

/// An order that another row names.
pub(crate) fn get(connection: &Connection, id: OrderId) -> Result<Order, Fault> {
    find(connection, id)?.ok_or_else(|| Fault::damaged("an order is named but not there", id))
}

fn read(row: &Row<'_>) -> Result<Order, Fault> {
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

fn lines(connection: &Connection, id: OrderId) -> Result<Vec<OrderLine>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT sku, name, unit_price, quantity, cancelled, shipped, delivered, returned FROM order_lines \
         WHERE order_id = ?1 ORDER BY line",
    )?;
    let mut rows = statement.query([id.to_bytes()])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let line = OrderLine {
            sku: codec::text(row, 0, Sku::parse)?,
            name: codec::text(row, 1, Name::parse)?,
            unit_price: codec::money(row, 2)?,
            quantity: row.get(3)?,
            cancelled: row.get(4)?,
            shipped: row.get(5)?,
            delivered: row.get(6)?,
            returned: row.get(7)?,
        };
        let gone = line.cancelled.checked_add(line.shipped);
        if line.quantity == 0
            || gone.is_none_or(|gone| gone > line.quantity)
            || line.unit_price.times(line.quantity).is_err()
        {
            return Err(Fault::damaged("the counters of a line of order", id));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn payments(connection: &Connection, id: OrderId) -> Result<Vec<Payment>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, version, status, amount, token, gateway, gateway_reference, decline_code, attempts, next_attempt_at, \
         created_at, updated_at FROM payments WHERE order_id = ?1 ORDER BY attempt",
    )?;
    let mut rows = statement.query([id.to_bytes()])?;
    let mut payments = Vec::new();
    while let Some(row) = rows.next()? {
        payments.push(Payment {
            id: PaymentId::from_bytes(row.get(0)?),
            version: codec::count(row, 1)?,
            status: codec::payment_status(row, 2)?,
            amount: codec::money(row, 3)?,
            token: codec::text(row, 4, Token::parse)?,
            gateway: codec::text(row, 5, Name::parse)?,
            gateway_reference: codec::optional_text(row, 6, Name::parse)?,
            decline_code: codec::optional_text(row, 7, Name::parse)?,
            attempts: row.get(8)?,
            next_attempt_at: codec::time(row, 9)?,
            created_at: codec::time(row, 10)?,
            updated_at: codec::time(row, 11)?,
        });
    }
    Ok(payments)
}

fn refunds(connection: &Connection, id: OrderId) -> Result<Vec<Refund>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, payment_id, version, status, amount, reason, attempts, next_attempt_at, created_at, updated_at \
         FROM refunds WHERE order_id = ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([id.to_bytes()])?;
    let mut refunds = Vec::new();
    while let Some(row) = rows.next()? {
        refunds.push(Refund {
            id: RefundId::from_bytes(row.get(0)?),
            payment_id: PaymentId::from_bytes(row.get(1)?),
            version: codec::count(row, 2)?,
            status: codec::refund_status(row, 3)?,
            amount: codec::money(row, 4)?,
            reason: codec::reason(row, 5)?,
            attempts: row.get(6)?,
            next_attempt_at: codec::time(row, 7)?,
            created_at: codec::time(row, 8)?,
            updated_at: codec::time(row, 9)?,
        });
    }
    Ok(refunds)
}

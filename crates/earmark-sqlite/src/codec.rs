//! How is a value stored in a column? Every read checks it: a value that this program never writes
//! is a [`DatabaseError::Damaged`], never a panic.

use earmark_core::ids::OrderId;
use earmark_core::text::{InvalidText, Sku};
use earmark_core::{Actor, Event, Fact, Money, Timestamp};
pub(crate) use earmark_store::codes::{self, integer, limit, to_document, to_list, to_pairs};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;

use crate::error::{DatabaseError, Result};

pub(crate) fn text<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Result<T, InvalidText>) -> Result<T> {
    let stored = row.get_ref(column)?.as_str().map_err(|error| DatabaseError::damaged("a text", error))?;
    parse(stored).map_err(|error| DatabaseError::damaged(error.0, stored))
}

pub(crate) fn optional_text<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, InvalidText>,
) -> Result<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => text(row, column, parse).map(Some),
    }
}

/// An amount in minor units.
pub(crate) fn money(row: &Row<'_>, column: usize) -> Result<Money> {
    let minor = row.get(column)?;
    Money::parse(minor).map_err(|_| DatabaseError::damaged("an amount", minor))
}

/// A time in microseconds.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A version or another number that is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// A JSON document; `None` is NULL.
pub(crate) fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => serde_json::from_slice(bytes)
            .map(Some)
            .map_err(|error| DatabaseError::damaged("a document", error)),
        other => Err(DatabaseError::damaged("a document", other.data_type())),
    }
}

fn actor(row: &Row<'_>, column: usize) -> Result<Actor> {
    let stored = row.get_ref(column)?.as_str().map_err(|error| DatabaseError::damaged("an actor", error))?;
    stored.parse().map_err(|_| DatabaseError::damaged("an actor", stored))
}

/// The columns that [`event`] reads.
pub(crate) const EVENT_COLUMNS: &str = "sequence, at, type, actor, order_id, sku, data";

/// The event in a row of [`EVENT_COLUMNS`].
pub(crate) fn event(row: &Row<'_>) -> Result<Event> {
    Ok(Event {
        sequence: count(row, 0)?,
        at: time(row, 1)?,
        actor: actor(row, 3)?,
        order_id: row.get::<_, Option<[u8; 16]>>(4)?.map(OrderId::from_bytes),
        sku: optional_text(row, 5, Sku::parse)?,
        fact: fact(row)?,
    })
}

fn fact(row: &Row<'_>) -> Result<Fact> {
    let data = match row.get_ref(6)? {
        ValueRef::Null => None,
        data => Some(data.as_str().map_err(|error| DatabaseError::damaged("an event's data", error))?),
    };
    Ok(codes::fact(row.get(2)?, data)?)
}

/// The number under which a customer's orders are found: FNV-1a of the id, its bits mixed. It is
/// stored, so it never changes. Two customers may share one, so every order found is compared.
pub(crate) fn customer_hash(customer: &str) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in customer.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (hash ^ (hash >> 32)).cast_signed()
}

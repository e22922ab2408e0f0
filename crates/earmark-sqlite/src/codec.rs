//! How is a value stored in a column? Every read checks it: a value that this program never writes
//! is a [`DatabaseError::Damaged`], never a panic.

use earmark_core::text::{InvalidText, Metadata};
use earmark_core::{Actor, Event, Fact, Money, Timestamp};
use earmark_store::codes;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{DatabaseError, Result};

type Read<T> = Result<T>;

pub(crate) fn text<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Result<T, InvalidText>) -> Read<T> {
    let stored = row.get_ref(column)?.as_str().map_err(|error| DatabaseError::damaged("a text", error))?;
    parse(stored).map_err(|error| DatabaseError::damaged(error.0, stored))
}

pub(crate) fn optional_text<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, InvalidText>,
) -> Read<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => text(row, column, parse).map(Some),
    }
}

/// An amount in minor units.
pub(crate) fn money(row: &Row<'_>, column: usize) -> Read<Money> {
    let minor = row.get(column)?;
    Money::parse(minor).map_err(|_| DatabaseError::damaged("an amount", minor))
}

/// A time in microseconds.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Read<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> Read<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A version or another number that is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> Read<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// A number as SQLite stores it.
pub(crate) fn integer(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// A limit as SQLite takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A JSON document; `None` is NULL.
pub(crate) fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Read<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => serde_json::from_slice(bytes)
            .map(Some)
            .map_err(|error| DatabaseError::damaged("a document", error)),
        other => Err(DatabaseError::damaged("a document", other.data_type())),
    }
}

/// A JSON document as it is stored.
pub(crate) fn to_document<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| DatabaseError::damaged("a document", error))
}

/// A list as it is stored; an empty one is NULL.
pub(crate) fn to_list<T: Serialize>(values: &[T]) -> Result<Option<String>> {
    if values.is_empty() { Ok(None) } else { to_document(&values).map(Some) }
}

/// Metadata as it is stored; without pairs it is NULL.
pub(crate) fn to_pairs(metadata: &Metadata) -> Result<Option<String>> {
    if metadata.is_empty() { Ok(None) } else { to_document(metadata).map(Some) }
}

fn actor(row: &Row<'_>, column: usize) -> Read<Actor> {
    let stored = row.get_ref(column)?.as_str().map_err(|error| DatabaseError::damaged("an actor", error))?;
    stored.parse().map_err(|_| DatabaseError::damaged("an actor", stored))
}

/// The columns that [`event`] reads.
pub(crate) const EVENT_COLUMNS: &str = "sequence, at, type, actor, order_id, sku, data";

/// The event in a row of [`EVENT_COLUMNS`].
pub(crate) fn event(row: &Row<'_>) -> Read<Event> {
    Ok(Event {
        sequence: count(row, 0)?,
        at: time(row, 1)?,
        actor: actor(row, 3)?,
        order_id: row.get::<_, Option<[u8; 16]>>(4)?.map(earmark_core::ids::OrderId::from_bytes),
        sku: optional_text(row, 5, earmark_core::text::Sku::parse)?,
        fact: fact(row)?,
    })
}

fn fact(row: &Row<'_>) -> Read<Fact> {
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

//! How is a value stored in a column? Every read checks it: a value that this program never writes
//! is a [`DatabaseError::Damaged`], never a panic.

use earmark_core::text::{InvalidText, Metadata};
use earmark_core::{Actor, Event, Money, Timestamp};
use earmark_store::codes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::{DatabaseError, Result};

type Read<T> = Result<T>;

/// The value of a column, unchecked.
pub(crate) fn get<'row, T: FromSql<'row>>(row: &'row Row, column: usize) -> Read<T> {
    row.try_get(column).map_err(|error| DatabaseError::damaged("a column", error))
}

pub(crate) fn text<T>(row: &Row, column: usize, parse: fn(&str) -> Result<T, InvalidText>) -> Read<T> {
    let stored: &str = get(row, column)?;
    parse(stored).map_err(|error| DatabaseError::damaged(error.0, stored))
}

pub(crate) fn optional_text<T>(
    row: &Row,
    column: usize,
    parse: fn(&str) -> Result<T, InvalidText>,
) -> Read<Option<T>> {
    let stored: Option<&str> = get(row, column)?;
    stored.map(|stored| parse(stored).map_err(|error| DatabaseError::damaged(error.0, stored))).transpose()
}

/// An amount in minor units.
pub(crate) fn money(row: &Row, column: usize) -> Read<Money> {
    let minor: i64 = get(row, column)?;
    Money::parse(minor).map_err(|_| DatabaseError::damaged("an amount", minor))
}

/// A time in microseconds.
pub(crate) fn time(row: &Row, column: usize) -> Read<Timestamp> {
    Ok(Timestamp(get(row, column)?))
}

pub(crate) fn optional_time(row: &Row, column: usize) -> Read<Option<Timestamp>> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp))
}

/// A version or another number that is never negative.
pub(crate) fn count(row: &Row, column: usize) -> Read<u64> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// How often a payment or refund was tried.
pub(crate) fn attempts(row: &Row, column: usize) -> Read<u32> {
    let number: i64 = get(row, column)?;
    u32::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// A number of units of an item.
pub(crate) fn quantity(row: &Row, column: usize) -> Read<u32> {
    let number: i32 = get(row, column)?;
    u32::try_from(number).map_err(|error| DatabaseError::damaged("a quantity", error))
}

/// A place in a list of words: see `earmark_store::codes`.
pub(crate) fn number(row: &Row, column: usize) -> Read<i64> {
    Ok(i64::from(get::<i16>(row, column)?))
}

/// The bits of an id.
pub(crate) fn bits(row: &Row, column: usize) -> Read<u128> {
    Ok(get::<Uuid>(row, column)?.as_u128())
}

pub(crate) fn optional_bits(row: &Row, column: usize) -> Read<Option<u128>> {
    Ok(get::<Option<Uuid>>(row, column)?.map(|id| id.as_u128()))
}

/// A number as the database stores it.
pub(crate) fn integer(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// A number of units as the database stores it.
pub(crate) fn units(quantity: u32) -> Result<i32> {
    i32::try_from(quantity).map_err(|error| DatabaseError::damaged("a quantity", error))
}

/// A limit as the database takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A JSON document; `None` is NULL.
pub(crate) fn document<T: DeserializeOwned>(row: &Row, column: usize) -> Read<Option<T>> {
    let stored: Option<&str> = get(row, column)?;
    let parse =
        |text| serde_json::from_str(text).map_err(|error| DatabaseError::damaged("a document", error));
    stored.map(parse).transpose()
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

/// The columns that [`event`] reads.
pub(crate) const EVENT_COLUMNS: &str = "sequence, at, type, actor, order_id, sku, data";

/// The event in a row of [`EVENT_COLUMNS`].
pub(crate) fn event(row: &Row) -> Read<Event> {
    let actor: &str = get(row, 3)?;
    let actor: Actor = actor.parse().map_err(|_| DatabaseError::damaged("an actor", actor))?;
    Ok(Event {
        sequence: count(row, 0)?,
        at: time(row, 1)?,
        actor,
        order_id: optional_bits(row, 4)?.map(earmark_core::ids::OrderId),
        sku: optional_text(row, 5, earmark_core::text::Sku::parse)?,
        fact: codes::fact(number(row, 2)?, get(row, 6)?)?,
    })
}

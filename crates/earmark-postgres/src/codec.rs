//! How is a value stored in a column? Every read checks it: a value that this program never writes
//! is a [`DatabaseError::Damaged`], never a panic.

use earmark_core::ids::OrderId;
use earmark_core::text::{InvalidText, Sku};
use earmark_core::{Actor, Event, Money, Timestamp};
pub(crate) use earmark_store::codes::{self, integer, limit, to_document, to_list, to_pairs};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::{DatabaseError, Result};

/// The value of a column, unchecked.
pub(crate) fn get<'row, T: FromSql<'row>>(row: &'row Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| DatabaseError::damaged("a column", error))
}

pub(crate) fn text<T>(row: &Row, column: usize, parse: fn(&str) -> Result<T, InvalidText>) -> Result<T> {
    let stored: &str = get(row, column)?;
    parse(stored).map_err(|error| DatabaseError::damaged(error.0, stored))
}

pub(crate) fn optional_text<T>(
    row: &Row,
    column: usize,
    parse: fn(&str) -> Result<T, InvalidText>,
) -> Result<Option<T>> {
    let stored: Option<&str> = get(row, column)?;
    stored.map(|stored| parse(stored).map_err(|error| DatabaseError::damaged(error.0, stored))).transpose()
}

/// An amount in minor units.
pub(crate) fn money(row: &Row, column: usize) -> Result<Money> {
    let minor: i64 = get(row, column)?;
    Money::parse(minor).map_err(|_| DatabaseError::damaged("an amount", minor))
}

/// A time in microseconds.
pub(crate) fn time(row: &Row, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(get(row, column)?))
}

pub(crate) fn optional_time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp))
}

/// A version or another number that is never negative.
pub(crate) fn count(row: &Row, column: usize) -> Result<u64> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// How often a payment or refund was tried.
pub(crate) fn attempts(row: &Row, column: usize) -> Result<u32> {
    let number: i64 = get(row, column)?;
    u32::try_from(number).map_err(|error| DatabaseError::damaged("a number", error))
}

/// A number of units of an item.
pub(crate) fn quantity(row: &Row, column: usize) -> Result<u32> {
    let number: i32 = get(row, column)?;
    u32::try_from(number).map_err(|error| DatabaseError::damaged("a quantity", error))
}

/// A place in a list of words: see `earmark_store::codes`.
pub(crate) fn number(row: &Row, column: usize) -> Result<i64> {
    Ok(i64::from(get::<i16>(row, column)?))
}

/// The bits of an id.
pub(crate) fn bits(row: &Row, column: usize) -> Result<u128> {
    Ok(get::<Uuid>(row, column)?.as_u128())
}

pub(crate) fn optional_bits(row: &Row, column: usize) -> Result<Option<u128>> {
    Ok(get::<Option<Uuid>>(row, column)?.map(|id| id.as_u128()))
}

/// A number of units as the database stores it.
pub(crate) fn units(quantity: u32) -> Result<i32> {
    i32::try_from(quantity).map_err(|error| DatabaseError::damaged("a quantity", error))
}

/// A place in a list, from zero, as the database stores it.
pub(crate) fn place<T: TryFrom<usize>>(index: usize) -> Result<T> {
    T::try_from(index).map_err(|_| DatabaseError::damaged("a place in a list", index))
}

/// A JSON document; `None` is NULL.
pub(crate) fn document<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>> {
    let stored: Option<&str> = get(row, column)?;
    let parse =
        |text| serde_json::from_str(text).map_err(|error| DatabaseError::damaged("a document", error));
    stored.map(parse).transpose()
}

/// The columns that [`event`] reads.
pub(crate) const EVENT_COLUMNS: &str = "sequence, at, type, actor, order_id, sku, data";

/// The event in a row of [`EVENT_COLUMNS`].
pub(crate) fn event(row: &Row) -> Result<Event> {
    let actor: &str = get(row, 3)?;
    let actor: Actor = actor.parse().map_err(|_| DatabaseError::damaged("an actor", actor))?;
    Ok(Event {
        sequence: count(row, 0)?,
        at: time(row, 1)?,
        actor,
        order_id: optional_bits(row, 4)?.map(OrderId),
        sku: optional_text(row, 5, Sku::parse)?,
        fact: codes::fact(number(row, 2)?, get(row, 6)?)?,
    })
}

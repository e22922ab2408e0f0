//! How does a value stand in a column? Every read checks: a byte that no code of ours wrote is [`Fault::Damaged`], never a panic.

use earmark_core::keys::KeyRole;
use earmark_core::orders::CancelReason;
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::{InvalidText, Metadata};
use earmark_core::{Actor, Event, Fact, Money, Timestamp};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;

type Read<T> = Result<T, Fault>;

/// A bounded text.
pub(crate) fn text<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Result<T, InvalidText>) -> Read<T> {
    let stored = row.get_ref(column)?.as_str().map_err(|error| Fault::damaged("a text", error))?;
    parse(stored).map_err(|error| Fault::damaged(error.0, stored))
}

/// A bounded text that may be absent.
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

/// An amount.
pub(crate) fn money(row: &Row<'_>, column: usize) -> Read<Money> {
    let minor = row.get(column)?;
    Money::parse(minor).map_err(|_| Fault::damaged("an amount", minor))
}

/// A time.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Read<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

/// A time that may be absent.
pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> Read<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A version or another number that is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> Read<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|error| Fault::damaged("a number", error))
}

/// A number as SQLite keeps it.
pub(crate) fn integer(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|error| Fault::damaged("a number", error))
}

/// A limit as SQLite takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A document.
pub(crate) fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Read<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            serde_json::from_slice(bytes).map(Some).map_err(|error| Fault::damaged("a document", error))
        }
        other => Err(Fault::damaged("a document", other.data_type())),
    }
}

/// A document to be stored.
pub(crate) fn to_document<T: Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::damaged("a document", error))
}

/// A list to be stored; an empty one is NULL.
pub(crate) fn to_list<T: Serialize>(values: &[T]) -> Result<Option<String>, Fault> {
    if values.is_empty() { Ok(None) } else { to_document(&values).map(Some) }
}

/// Pairs to be stored; none is NULL.
pub(crate) fn to_pairs(metadata: &Metadata) -> Result<Option<String>, Fault> {
    if metadata.is_empty() { Ok(None) } else { to_document(metadata).map(Some) }
}

/// Who did something.
fn actor(row: &Row<'_>, column: usize) -> Read<Actor> {
    let stored = row.get_ref(column)?.as_str().map_err(|error| Fault::damaged("an actor", error))?;
    stored.parse().map_err(|_| Fault::damaged("an actor", stored))
}

/// The columns that [`event`] reads.
pub(crate) const EVENT_COLUMNS: &str = "sequence, at, type, actor, order_id, sku, data";

/// An event.
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
    let index = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
    if let Some(fact) = Fact::from_bare_type(index) {
        return Ok(fact);
    }
    let name = Fact::TYPES.get(index).ok_or_else(|| Fault::damaged("a type of event", index))?;
    let data = row.get_ref(6)?.as_str().map_err(|error| Fault::damaged("an event's data", error))?;
    serde_json::from_str(&format!(r#"{{"type":"{name}","data":{data}}}"#))
        .map_err(|error| Fault::damaged("an event's data", error))
}

/// What only the event keeps; NULL where its type says all.
pub(crate) fn fact_data(fact: &Fact) -> Result<Option<String>, Fault> {
    if Fact::from_bare_type(fact.type_index()).is_some() {
        return Ok(None);
    }
    let whole = to_document(fact)?;
    let prefix = format!(r#"{{"type":"{}","data":"#, fact.type_name());
    let data = whole.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix('}'));
    data.map(|data| Some(data.to_owned()))
        .ok_or_else(|| Fault::damaged("an event's data", "it has another form"))
}

macro_rules! words {
    ($($store:ident $read:ident $kind:ident: $($word:ident)*;)*) => {$(
        /// Its place in the list of all.
        pub(crate) fn $store(value: $kind) -> i64 {
            let mut place = 0;
            $(if value == $kind::$word { return place; } place += 1;)*
            place
        }

        /// What stands at a place in the list of all.
        pub(crate) fn $read(row: &Row<'_>, column: usize) -> Read<$kind> {
            const ALL: &[$kind] = &[$($kind::$word),*];
            let stored: i64 = row.get(column)?;
            let found = usize::try_from(stored).ok().and_then(|place| ALL.get(place));
            found.copied().ok_or_else(|| Fault::damaged(stringify!($kind), stored))
        }
    )*};
}

// The places are stored: a list only ever grows at its end.
words! {
    store_payment_status payment_status PaymentStatus: Pending Succeeded Declined Failed;
    store_refund_status refund_status RefundStatus: Pending Succeeded Failed;
    store_reason reason CancelReason: Customer Inventory Fraud Declined Expired Other;
    store_role role KeyRole: Admin Service;
}

/// The place of an order's state in the order of its life.
pub(crate) fn store_order_status(status: earmark_core::orders::OrderStatus) -> i64 {
    let place = earmark_core::orders::OrderStatus::ALL.iter().position(|other| *other == status);
    place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
}

/// The number under which a customer's orders are found: FNV-1a of the id, its bits mixed. Stored, so it never changes; two customers may share
/// one, so every order found is compared.
pub(crate) fn customer_hash(customer: &str) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in customer.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (hash ^ (hash >> 32)).cast_signed()
}

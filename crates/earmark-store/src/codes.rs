//! How does a value stand in a column, whichever the engine? Numbers for words, JSON for lists, and
//! the part of an event that its type does not say.
//!
//! Invariant: what is stored never changes its meaning, so a list of words only grows at its end.

use earmark_core::Fact;
use earmark_core::keys::KeyRole;
use earmark_core::orders::{CancelReason, OrderStatus};
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::Metadata;
use serde::Serialize;

use crate::error::{Result, StoreError};

macro_rules! words {
    ($($to_number:ident $from_number:ident $kind:ident: $($word:ident)*;)*) => {$(
        /// The number that the value is stored as.
        pub fn $to_number(value: $kind) -> i16 {
            let mut place = 0;
            $(if value == $kind::$word { return place; } place += 1;)*
            place
        }

        /// The value that is stored as a number.
        pub fn $from_number(stored: i64) -> Result<$kind> {
            const ALL: &[$kind] = &[$($kind::$word),*];
            let found = usize::try_from(stored).ok().and_then(|place| ALL.get(place));
            found.copied().ok_or_else(|| StoreError::Damaged(format!("{}: {stored}", stringify!($kind))))
        }
    )*};
}

words! {
    payment_status_number payment_status PaymentStatus: Pending Succeeded Declined Failed;
    refund_status_number refund_status RefundStatus: Pending Succeeded Failed;
    reason_number reason CancelReason: Customer Inventory Fraud Declined Expired Other;
    role_number role KeyRole: Admin Service;
    order_status_number order_status OrderStatus: Created Confirmed Paid Shipped Delivered Cancelled;
}

/// A number as a database stores it.
///
/// # Errors
/// If it is above the largest that a database can store.
pub fn integer(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| StoreError::Damaged(format!("a number: {error}")))
}

/// A limit as a database takes it.
pub fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A JSON document as it is stored.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn to_document<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(format!("a document: {error}")))
}

/// A list as it is stored; an empty one is NULL.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn to_list<T: Serialize>(values: &[T]) -> Result<Option<String>> {
    if values.is_empty() { Ok(None) } else { to_document(&values).map(Some) }
}

/// Metadata as it is stored; without pairs it is NULL.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn to_pairs(metadata: &Metadata) -> Result<Option<String>> {
    if metadata.is_empty() { Ok(None) } else { to_document(metadata).map(Some) }
}

/// The part of an event that its type does not say, as JSON; `None` where its type says all.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn fact_data(fact: &Fact) -> Result<Option<String>> {
    if Fact::from_bare_type(fact.type_index()).is_some() {
        return Ok(None);
    }
    let damaged = |why: String| StoreError::Damaged(format!("an event's data: {why}"));
    let whole = serde_json::to_string(fact).map_err(|error| damaged(error.to_string()))?;
    let prefix = format!(r#"{{"type":"{}","data":"#, fact.type_name());
    let data = whole.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix('}'));
    data.map(|data| Some(data.to_owned())).ok_or_else(|| damaged("it has another form".to_owned()))
}

/// The fact of a type's number and of what [`fact_data`] gave.
///
/// # Errors
/// [`StoreError::Damaged`] if no version of this program wrote it.
pub fn fact(index: i64, data: Option<&str>) -> Result<Fact> {
    let damaged = |why: &dyn std::fmt::Display| StoreError::Damaged(format!("an event's data: {why}"));
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    if let Some(fact) = Fact::from_bare_type(index) {
        return Ok(fact);
    }
    let name = Fact::TYPES.get(index).ok_or_else(|| damaged(&"a type that is not known"))?;
    let data = data.ok_or_else(|| damaged(&"it is not there"))?;
    serde_json::from_str(&format!(r#"{{"type":"{name}","data":{data}}}"#)).map_err(|error| damaged(&error))
}

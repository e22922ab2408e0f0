//! How does a value stand in a column, whichever the engine? Numbers for words, and the part of an
//! event that its type does not say.
//!
//! Invariant: what is stored never changes its meaning, so a list of words only grows at its end.

use earmark_core::Fact;
use earmark_core::keys::KeyRole;
use earmark_core::orders::{CancelReason, Order, OrderLine, OrderStatus};
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::{Money, Overflow};

use crate::error::StoreError;

macro_rules! words {
    ($($to_number:ident $from_number:ident $kind:ident: $($word:ident)*;)*) => {$(
        /// The number that the value is stored as.
        pub fn $to_number(value: $kind) -> i16 {
            let mut place = 0;
            $(if value == $kind::$word { return place; } place += 1;)*
            place
        }

        /// The value that is stored as a number.
        pub fn $from_number(stored: i64) -> Result<$kind, StoreError> {
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

/// The part of an event that its type does not say, as JSON; `None` where its type says all.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn fact_data(fact: &Fact) -> Result<Option<String>, StoreError> {
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
pub fn fact(index: i64, data: Option<&str>) -> Result<Fact, StoreError> {
    let damaged = |why: &dyn std::fmt::Display| StoreError::Damaged(format!("an event's data: {why}"));
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    if let Some(fact) = Fact::from_bare_type(index) {
        return Ok(fact);
    }
    let name = Fact::TYPES.get(index).ok_or_else(|| damaged(&"a type that is not known"))?;
    let data = data.ok_or_else(|| damaged(&"it is not there"))?;
    serde_json::from_str(&format!(r#"{{"type":"{name}","data":{data}}}"#)).map_err(|error| damaged(&error))
}

/// Refuses an order, as read from rows, whose counters or amounts no decision can have left:
/// whatever is computed from them must stay within the range of its type.
///
/// # Errors
/// [`StoreError::Damaged`].
pub fn check_readable(order: &Order) -> Result<(), StoreError> {
    let damaged = |what: &str| Err(StoreError::Damaged(format!("{what}: {}", order.id)));
    if !order.lines.iter().all(line_fits) {
        return damaged("the counters of a line of order");
    }
    if !sums_fit(order) {
        return damaged("the amounts of an order do not fit together");
    }
    Ok(())
}

fn line_fits(line: &OrderLine) -> bool {
    let gone = line.cancelled.checked_add(line.shipped);
    line.quantity > 0
        && gone.is_some_and(|gone| gone <= line.quantity)
        && line.unit_price.times(line.quantity).is_ok()
}

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

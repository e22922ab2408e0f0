//! At which commit does the process die? A batch shows by its rows what it writes down of a payment
//! or a refund.
//!
//! The rows are looked at and not the events, since an outcome that is still unknown writes no
//! event.

use std::collections::HashMap;

use earmark_core::orders::Order;
use earmark_core::payments::Payment;
use earmark_core::{BatchChanges, Change};

/// On which side of a commit or call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It has not happened.
    Before,
    /// It has happened, and its answer is lost.
    After,
}

/// What a batch writes down on the way of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    StartPayment,
    /// What the gateway said of a payment, be it that it said nothing.
    SettlePayment,
    CreateRefund,
    /// What the gateway said of a refund, be it that it said nothing.
    SettleRefund,
}

impl CrashPoint {
    pub(super) fn is_shown_by(self, changes: &BatchChanges) -> bool {
        changes.orders.iter().any(|change| match self {
            Self::StartPayment => new_payments(change).next().is_some(),
            Self::SettlePayment => {
                was_tried(change, |order| order.payments.iter().map(|row| (row.id.0, row.attempts)))
            }
            Self::CreateRefund => {
                let count = |order: &Order| order.refunds.len();
                let before = change.before.as_deref().map_or(0, count);
                change.after.as_deref().map_or(0, count) > before
            }
            Self::SettleRefund => {
                was_tried(change, |order| order.refunds.iter().map(|row| (row.id.0, row.attempts)))
            }
        })
    }
}

/// The payments that this change begins.
pub(super) fn new_payments(change: &Change<Order>) -> impl Iterator<Item = &Payment> {
    // Payments are only ever added, at the end.
    let before = change.before.as_deref().map_or(0, |order| order.payments.len());
    change.after.as_deref().into_iter().flat_map(move |order| order.payments.iter().skip(before))
}

/// Whether a row that was there has one attempt more. `attempts` gives the rows by their ids.
fn was_tried<'a, Rows>(change: &'a Change<Order>, attempts: impl Fn(&'a Order) -> Rows) -> bool
where
    Rows: Iterator<Item = (u128, u32)>,
{
    let (Some(before), Some(after)) = (change.before.as_deref(), change.after.as_deref()) else {
        return false;
    };
    let known: HashMap<_, _> = attempts(before).collect();
    attempts(after).any(|(id, attempts)| known.get(&id).is_some_and(|before| attempts > *before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::shop::{Shop, Step};

    /// The points that a step of a paid order shows.
    fn shown(step: Step) -> Vec<CrashPoint> {
        use CrashPoint::{CreateRefund, SettlePayment, SettleRefund, StartPayment};
        let changes = Shop::new().changes_of(step);
        let all = [StartPayment, SettlePayment, CreateRefund, SettleRefund];
        all.into_iter().filter(|point| point.is_shown_by(&changes)).collect()
    }

    #[test]
    fn each_step_on_the_way_of_money_shows_its_point_and_no_other() {
        assert_eq!(shown(Step::Confirm), []);
        assert_eq!(shown(Step::StartPayment), [CrashPoint::StartPayment]);
        assert_eq!(shown(Step::PaymentUnknown), [CrashPoint::SettlePayment]);
        assert_eq!(shown(Step::PaymentTaken), [CrashPoint::SettlePayment]);
        assert_eq!(shown(Step::CreateRefund), [CrashPoint::CreateRefund]);
        assert_eq!(shown(Step::RefundUnknown), [CrashPoint::SettleRefund]);
        assert_eq!(shown(Step::RefundDone), [CrashPoint::SettleRefund]);
    }
}

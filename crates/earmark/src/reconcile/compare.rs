//! Where do our rows and the gateway's list differ, and why?
//!
//! Rows are compared by our own id. Nothing is read here, so that a test can try each cause.

use std::collections::HashMap;

use earmark_workers::gateways::EntryKind;
use serde::Serialize;

/// Whether the money of a row has moved, as one side has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    Moved,
    /// It has not moved and will not.
    Refused,
    /// One or the other, and it is not known yet which.
    Open,
}

/// One row of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    pub(crate) kind: EntryKind,
    /// Our id; the gateway may have things that are not ours.
    pub(crate) id: Option<String>,
    /// The gateway's own id.
    pub(crate) reference: Option<String>,
    pub(crate) standing: Standing,
    /// In the minor unit.
    pub(crate) amount: i64,
    pub(crate) currency: String,
}

/// Why two sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// We say that money moved, the gateway knows of nothing.
    UnknownToGateway,
    /// We say that money moved, the gateway says that it did not.
    RefusedByGateway,
    /// The gateway moved money of which we have no row.
    UnknownToUs,
    /// The gateway moved money, our row is PENDING.
    NotSettledYet,
    /// The gateway moved money, we say that it did not.
    DeniedByUs,
    /// Both moved money, but not the same amount.
    AmountDiffers,
    /// Both moved money, but not of the same currency.
    CurrencyDiffers,
    /// The gateway moved money more than once under one id.
    MovedTwice,
}

/// A difference between the two sides. A side that has no row is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) cause: Cause,
    pub(crate) ours: Option<Row>,
    pub(crate) theirs: Option<Row>,
}

/// Compares all rows of both sides. A row that moved no money on either side is no difference, be
/// it open, refused or absent.
pub(crate) fn compare(ours: &[Row], theirs: &[Row]) -> Vec<Difference> {
    let mut by_id: HashMap<(EntryKind, &str), Vec<&Row>> = HashMap::new();
    let mut differences = Vec::new();
    for row in theirs {
        match row.id.as_deref() {
            Some(id) => by_id.entry((row.kind, id)).or_default().push(row),
            None => differences.extend(unknown_to_us(row)),
        }
    }
    for row in ours {
        let id = row.id.as_deref().unwrap_or_default();
        let found = by_id.remove(&(row.kind, id)).unwrap_or_default();
        differences.extend(of_one(row, &found));
    }
    for row in by_id.into_values().flatten() {
        differences.extend(unknown_to_us(row));
    }
    differences.sort_by(|left, right| key(left).cmp(&key(right)));
    differences
}

fn key(difference: &Difference) -> (Cause, Option<&str>) {
    let row = difference.ours.as_ref().or(difference.theirs.as_ref());
    (difference.cause, row.and_then(|row| row.id.as_deref().or(row.reference.as_deref())))
}

fn unknown_to_us(row: &Row) -> Option<Difference> {
    let moved = row.standing == Standing::Moved;
    moved.then(|| Difference { cause: Cause::UnknownToUs, ours: None, theirs: Some(row.clone()) })
}

/// What is wrong with one row of ours and what the gateway has under its id.
fn of_one(ours: &Row, found: &[&Row]) -> Vec<Difference> {
    let moved: Vec<&Row> = found.iter().copied().filter(|row| row.standing == Standing::Moved).collect();
    let differ =
        |cause, theirs: Option<&Row>| Difference { cause, ours: Some(ours.clone()), theirs: theirs.cloned() };
    let mut differences: Vec<_> =
        moved.iter().skip(1).map(|row| differ(Cause::MovedTwice, Some(row))).collect();
    let first = moved.first().copied();
    let cause = match (ours.standing, first) {
        (Standing::Moved, Some(row)) if row.currency != ours.currency => Some(Cause::CurrencyDiffers),
        (Standing::Moved, Some(row)) if row.amount != ours.amount => Some(Cause::AmountDiffers),
        (Standing::Moved, Some(_)) | (Standing::Open | Standing::Refused, None) => None,
        (Standing::Moved, None) if found.is_empty() => Some(Cause::UnknownToGateway),
        (Standing::Moved, None) => Some(Cause::RefusedByGateway),
        (Standing::Open, Some(_)) => Some(Cause::NotSettledYet),
        (Standing::Refused, Some(_)) => Some(Cause::DeniedByUs),
    };
    differences.extend(cause.map(|cause| differ(cause, first.or(found.first().copied()))));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, standing: Standing, amount: i64) -> Row {
        let (kind, reference, currency) = (EntryKind::Charge, Some(format!("ch_{id}")), "USD".to_owned());
        Row { kind, id: Some(id.to_owned()), reference, standing, amount, currency }
    }

    fn causes(ours: &[Row], theirs: &[Row]) -> Vec<Cause> {
        compare(ours, theirs).into_iter().map(|difference| difference.cause).collect()
    }

    #[test]
    fn what_agrees_does_not_differ() {
        use Standing::{Moved, Open, Refused};
        assert_eq!(causes(&[row("a", Moved, 5)], &[row("a", Moved, 5)]), []);
        for standing in [Open, Refused] {
            for other in [Open, Refused] {
                assert_eq!(causes(&[row("a", standing, 5)], &[row("a", other, 5)]), []);
            }
            assert_eq!(causes(&[row("a", standing, 5)], &[]), []);
            assert_eq!(causes(&[], &[row("a", standing, 5)]), []);
        }
    }

    #[test]
    fn each_difference_has_its_cause() {
        use Standing::{Moved, Open, Refused};
        let refund = Row { kind: EntryKind::Refund, ..row("a", Moved, 5) };
        let euro = Row { currency: "EUR".into(), ..row("a", Moved, 5) };
        let unnamed = Row { id: None, ..row("a", Moved, 5) };
        for (ours, theirs, cause) in [
            (vec![row("a", Moved, 5)], vec![], vec![Cause::UnknownToGateway]),
            (vec![row("a", Moved, 5)], vec![row("a", Refused, 5)], vec![Cause::RefusedByGateway]),
            (vec![row("a", Moved, 5)], vec![row("a", Open, 5)], vec![Cause::RefusedByGateway]),
            (vec![row("a", Moved, 5)], vec![row("a", Moved, 6)], vec![Cause::AmountDiffers]),
            (vec![row("a", Moved, 5)], vec![euro], vec![Cause::CurrencyDiffers]),
            (vec![row("a", Open, 5)], vec![row("a", Moved, 5)], vec![Cause::NotSettledYet]),
            (vec![row("a", Refused, 5)], vec![row("a", Moved, 5)], vec![Cause::DeniedByUs]),
            (vec![], vec![row("a", Moved, 5)], vec![Cause::UnknownToUs]),
            (vec![], vec![unnamed], vec![Cause::UnknownToUs]),
            (vec![row("a", Moved, 5)], vec![refund], vec![Cause::UnknownToGateway, Cause::UnknownToUs]),
            (vec![row("a", Moved, 5)], vec![row("a", Moved, 5), row("a", Moved, 5)], vec![Cause::MovedTwice]),
        ] {
            assert_eq!(causes(&ours, &theirs), cause, "{ours:?} {theirs:?}");
        }
    }
}

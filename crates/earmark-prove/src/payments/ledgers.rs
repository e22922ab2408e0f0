//! Do our payments and refunds agree with the gateway's ledger? Row by row, to the minor unit, and
//! with what was acknowledged to customers.
//!
//! Invariant: no request is sent from here, so that a test can show that each difference is found.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::check::{Breach, BreachKind};

/// What was acknowledged to customers.
#[derive(Debug, Default, Clone)]
pub(crate) struct Acknowledged {
    /// Payments by id: whether the money moved; None: the answer was PENDING.
    pub(crate) payments: HashMap<String, Option<Money>>,
    /// Refunds by their ids.
    pub(crate) refunds: HashSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Money {
    Moved,
    NotMoved,
}

impl Acknowledged {
    pub(crate) fn absorb(&mut self, other: Acknowledged) {
        for (id, money) in other.payments {
            self.add_payment(id, money);
        }
        self.refunds.extend(other.refunds);
    }

    /// Adds an answer to a payment. A later one replaces an earlier one, unless it is PENDING.
    pub(crate) fn add_payment(&mut self, payment: String, money: Option<Money>) {
        let known = self.payments.entry(payment).or_default();
        *known = money.or(*known);
    }
}

/// One payment or refund that we have stored.
struct Row<'a> {
    order: &'a str,
    status: &'a str,
    amount: i64,
}

/// One row, by the gateway's word for its kind and by our id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct RowId<'a> {
    kind: &'a str,
    id: &'a str,
}

/// Compares our orders with the entries of the gateway's ledger, and with what was acknowledged.
pub(crate) fn compare(orders: &[Value], entries: &[Value], acknowledged: &Acknowledged) -> Vec<Breach> {
    let ours = rows_of(orders);
    let mut breaches = Vec::new();
    let mut moved: HashMap<RowId<'_>, Vec<&Value>> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry["status"] == "done") {
        moved.entry(RowId { kind: text(entry, "kind"), id: text(entry, "id") }).or_default().push(entry);
    }
    for (&id, row) in &ours {
        let theirs = moved.get(&id).map(Vec::as_slice).unwrap_or_default();
        breaches.extend(compare_row(id, row, theirs));
    }
    for (RowId { kind, id }, entries) in moved.iter().filter(|(id, _)| !ours.contains_key(*id)) {
        let detail = format!("a {kind} that is not stored here: {}", entries[0]);
        breaches.push(Breach::new(BreachKind::Doubled, *id, detail));
    }
    for order in orders {
        breaches.extend(sums(order, &moved));
    }
    breaches.extend(over_refunded(entries));
    breaches.extend(compare_acknowledged(acknowledged, &ours));
    breaches
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn rows<'a>(order: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    order[list].as_array().into_iter().flatten()
}

/// What we have stored, under the gateway's words for it.
fn rows_of(orders: &[Value]) -> HashMap<RowId<'_>, Row<'_>> {
    let mut ours = HashMap::new();
    for order in orders {
        for (list, kind) in [("payments", "charge"), ("refunds", "refund")] {
            for row in rows(order, list) {
                let amount = row["amount"].as_i64().unwrap_or_default();
                let known = Row { order: text(order, "id"), status: text(row, "status"), amount };
                ours.insert(RowId { kind, id: text(row, "id") }, known);
            }
        }
    }
    ours
}

/// What is wrong between one row of ours and what the gateway moved under its id.
fn compare_row(row_id: RowId<'_>, row: &Row<'_>, theirs: &[&Value]) -> Option<Breach> {
    let RowId { kind, id } = row_id;
    let Row { order, status, amount } = row;
    let breach = |found, detail: &str| {
        Some(Breach::new(found, id, format!("{kind} of {amount}, {status}, order {order}: {detail}")))
    };
    match (*status, theirs) {
        (_, [_, _, ..]) => breach(BreachKind::Doubled, "the gateway moved the money more than once"),
        ("PENDING", _) => breach(BreachKind::Stalled, "not final"),
        ("SUCCEEDED", []) => breach(BreachKind::Lost, "the gateway did not move the money"),
        ("SUCCEEDED", [entry]) if entry["amount"] != *amount || entry["currency"] != "USD" => {
            breach(BreachKind::PaymentDiffers, &format!("the gateway moved another amount: {entry}"))
        }
        ("SUCCEEDED", [_]) | (_, []) => None,
        (_, [entry]) => breach(BreachKind::Lost, &format!("the gateway did move the money: {entry}")),
    }
}

/// An order has one capture at most, its totals are what was moved, and nothing is owed to the
/// customer.
fn sums(order: &Value, moved: &HashMap<RowId<'_>, Vec<&Value>>) -> Vec<Breach> {
    let id = text(order, "id");
    let all = |list, kind| {
        let entries =
            rows(order, list).filter_map(move |row| moved.get(&RowId { kind, id: text(row, "id") }));
        let amounts = entries.flatten().map(|entry| entry["amount"].as_i64().unwrap_or_default());
        amounts.collect::<Vec<_>>()
    };
    let (taken, returned) = (all("payments", "charge"), all("refunds", "refund"));
    let (sum_taken, sum_returned): (i64, i64) = (taken.iter().sum(), returned.iter().sum());
    let mut breaches = Vec::new();
    if taken.len() > 1 {
        let detail = format!("charged {} times: {taken:?}", taken.len());
        breaches.push(Breach::new(BreachKind::Doubled, id, detail));
    }
    if sum_returned > sum_taken {
        let detail = format!("{sum_returned} went back of {sum_taken}");
        breaches.push(Breach::new(BreachKind::TotalsDiffer, id, detail));
    }
    if order["paid_total"] != sum_taken || order["refunded_total"] != sum_returned {
        let detail = format!("the gateway took {sum_taken} and gave back {sum_returned}: {order}");
        breaches.push(Breach::new(BreachKind::TotalsDiffer, id, detail));
    }
    if order["balance_due"].as_i64().is_none_or(|due| due < 0) {
        let detail = format!("the customer is owed money: {order}");
        breaches.push(Breach::new(BreachKind::TotalsDiffer, id, detail));
    }
    breaches
}

/// Charges of which more was refunded than was taken, by the gateway's own ledger.
fn over_refunded(entries: &[Value]) -> Vec<Breach> {
    let mut left: HashMap<&str, i64> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry["status"] == "done") {
        let amount = entry["amount"].as_i64().unwrap_or_default();
        let (charge, change) = match text(entry, "kind") {
            "charge" => (text(entry, "reference"), amount),
            _ => (text(entry, "charge_reference"), -amount),
        };
        *left.entry(charge).or_default() += change;
    }
    let over = left.into_iter().filter(|&(_, left)| left < 0);
    over.map(|(charge, left)| {
        Breach::new(BreachKind::TotalsDiffer, charge, format!("{} went back too much", -left))
    })
    .collect()
}

/// What was acknowledged, and is not stored so.
fn compare_acknowledged(acknowledged: &Acknowledged, ours: &HashMap<RowId<'_>, Row<'_>>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, money) in &acknowledged.payments {
        let status = ours.get(&RowId { kind: "charge", id }).map(|row| row.status);
        let agrees = match (money, status) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(Money::Moved), Some(status)) => status == "SUCCEEDED",
            (Some(Money::NotMoved), Some(status)) => matches!(status, "DECLINED" | "FAILED"),
        };
        if !agrees {
            let detail = format!("acknowledged as {money:?}, and it is {status:?}");
            breaches.push(Breach::new(BreachKind::PaymentDiffers, id, detail));
        }
    }
    let is_missing = |id: &&String| !ours.contains_key(&RowId { kind: "refund", id });
    let missing = acknowledged.refunds.iter().filter(is_missing);
    breaches
        .extend(missing.map(|id| Breach::new(BreachKind::Lost, id, "an acknowledged refund is not stored")));
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order() -> Value {
        json!({
            "id": "ord_1", "paid_total": 100, "refunded_total": 40, "balance_due": 0,
            "payments": [
                {"id": "pay_0", "status": "DECLINED", "amount": 100},
                {"id": "pay_1", "status": "SUCCEEDED", "amount": 100},
            ],
            "refunds": [{"id": "ref_1", "status": "SUCCEEDED", "amount": 40}],
        })
    }

    fn entry(kind: &str, id: &str, amount: i64) -> Value {
        let charge_reference = if kind == "refund" { "r-pay_1" } else { "" };
        json!({
            "kind": kind, "id": id, "status": "done", "amount": amount, "currency": "USD",
            "reference": format!("r-{id}"), "charge_reference": charge_reference,
        })
    }

    fn ledger() -> Vec<Value> {
        vec![entry("charge", "pay_1", 100), entry("refund", "ref_1", 40)]
    }

    fn acknowledged() -> Acknowledged {
        let payments = [("pay_0", Some(Money::NotMoved)), ("pay_1", Some(Money::Moved))];
        let payments = payments.map(|(id, money)| (id.to_owned(), money));
        Acknowledged { payments: payments.into(), refunds: ["ref_1".to_owned()].into() }
    }

    #[track_caller]
    fn check(order: &Value, ledger: &[Value], expected: &[BreachKind]) {
        let found = compare(std::slice::from_ref(order), ledger, &acknowledged());
        let mut kinds: Vec<_> = found.iter().map(|breach| format!("{:?}", breach.kind)).collect();
        kinds.sort();
        let mut expected: Vec<_> = expected.iter().map(|kind| format!("{kind:?}")).collect();
        expected.sort();
        assert_eq!(kinds, expected, "{found:?}");
    }

    use BreachKind::{Doubled, Lost, PaymentDiffers, Stalled, TotalsDiffer};

    #[test]
    fn ledgers_that_agree_are_right() {
        check(&order(), &ledger(), &[]);
    }

    #[test]
    fn money_that_moved_unknown_to_us_or_twice_is_found() {
        let more = |extra: Value| [ledger(), vec![extra]].concat();
        check(&order(), &more(entry("charge", "pay_9", 100)), &[Doubled]);
        let twice = [Doubled, Doubled, TotalsDiffer];
        check(&order(), &more(entry("charge", "pay_1", 100)), &twice);
        // A declined attempt that took the money after all.
        check(&order(), &more(entry("charge", "pay_0", 100)), &[Lost, Doubled, TotalsDiffer]);
        check(&order(), &more(entry("refund", "ref_9", 70)), &[Doubled, TotalsDiffer]);
    }

    #[test]
    fn money_that_did_not_move_or_not_as_stored_is_found() {
        check(&order(), &ledger()[..1], &[Lost, TotalsDiffer]);
        let other = vec![entry("charge", "pay_1", 101), entry("refund", "ref_1", 40)];
        check(&order(), &other, &[PaymentDiffers, TotalsDiffer]);
    }

    #[test]
    fn what_is_not_final_owed_or_not_as_acknowledged_is_found() {
        let with = |place: &str, value: Value| {
            let mut order = order();
            *order.pointer_mut(place).unwrap() = value;
            order
        };
        check(&with("/refunds/0/status", "PENDING".into()), &ledger(), &[Stalled]);
        check(&with("/balance_due", (-1).into()), &ledger(), &[TotalsDiffer]);
        check(&with("/payments/0/status", "PENDING".into()), &ledger(), &[Stalled, PaymentDiffers]);
        check(&with("/payments/0/id", "pay_7".into()), &ledger(), &[PaymentDiffers]);
        let missing = with("/refunds", json!([]));
        check(&missing, &ledger(), &[Doubled, Lost, TotalsDiffer]);
    }
}

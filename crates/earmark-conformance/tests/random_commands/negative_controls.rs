//! Do the checks notice a broken rule or a faulty store? If one of them passed, the checks would
//! prove nothing.

use std::sync::Arc;

use earmark_core::orders::Order;
use earmark_core::{Changes, Money};
use earmark_store::memory::MemoryStore;

use crate::faulty_store::{FAULTS, FaultyStore};
use crate::run::{BreakRule, Run};

/// Enough commands for each broken rule to have an effect.
const COMMANDS: u64 = 20_000;

/// Changes the first order of a decision, if it has one.
fn change_order(changes: &mut Changes, change: impl FnOnce(&mut Order)) {
    if let Some(order) = changes.orders.first_mut() {
        change(Arc::make_mut(order));
    }
}

fn plus_one(money: Money) -> Money {
    money.plus(Money::parse(1).expect("an amount")).expect("an amount")
}

/// What rules with a bug would decide. The names go on from "the rule".
const BROKEN_RULES: &[(&str, BreakRule)] = &[
    ("reserves nothing", |changes| {
        if changes.orders.iter().any(|order| order.version == 1) {
            changes.stocks.clear();
        }
    }),
    ("reserves one unit too few", |changes| {
        let stock = changes.stocks.iter_mut().find(|stock| stock.reserved > 1);
        stock.into_iter().for_each(|stock| stock.reserved -= 1);
    }),
    ("sells what is not there", |changes| {
        let stock = changes.stocks.iter_mut().find(|stock| stock.reserved > 0);
        stock.into_iter().for_each(|stock| stock.on_hand = stock.reserved - 1);
    }),
    ("keeps the version of stock", |changes| changes.stocks.iter_mut().for_each(|stock| stock.version -= 1)),
    ("keeps the version of an order", |changes| change_order(changes, |order| order.version -= 1)),
    ("writes an event twice", |changes| changes.events.extend(changes.events.last().cloned())),
    ("writes no event", |changes| changes.events.clear()),
    ("writes its events in reverse", |changes| changes.events.reverse()),
    ("does not keep the idempotency key", |changes| changes.idempotency = None),
    ("purges every idempotency key at once", |changes| {
        changes.deleted_keys.extend(changes.idempotency.as_ref().map(|record| record.digest));
    }),
    ("refunds a cent too much", |changes| {
        change_order(changes, |order| {
            let refund = order.refunds.last_mut();
            refund.into_iter().for_each(|refund| refund.amount = plus_one(refund.amount));
        });
    }),
    ("refunds nothing", |changes| change_order(changes, |order| order.refunds.clear())),
    ("cancels for a cent too much", |changes| {
        change_order(changes, |order| {
            let part = order.cancellations.last_mut().and_then(|cancellation| cancellation.lines.last_mut());
            part.into_iter().for_each(|part| part.amount = plus_one(part.amount));
        });
    }),
    ("changes a price after placement", |changes| {
        change_order(changes, |order| {
            if order.version > 1 {
                order.lines[0].unit_price = plus_one(order.lines[0].unit_price);
            }
        });
    }),
    ("pays an order when it is confirmed", |changes| {
        change_order(changes, |order| order.paid_at = order.paid_at.or(order.confirmed_at));
    }),
    ("ships more than there is", |changes| {
        change_order(changes, |order| order.lines[0].shipped = order.lines[0].quantity + 1);
    }),
    ("takes the cancellation of a unit back", |changes| {
        change_order(changes, |order| {
            let line = order.lines.iter_mut().find(|line| line.cancelled > 0);
            line.into_iter().for_each(|line| line.cancelled -= 1);
        });
    }),
];

#[test]
fn every_broken_rule_is_caught() {
    for (name, break_rule) in BROKEN_RULES {
        let mut run = Run::in_memory(3);
        run.break_rule = Some(*break_rule);
        assert!(run.go(COMMANDS).is_err(), "the checks did not notice that the rule {name}");
    }
}

#[test]
fn every_faulty_store_is_caught() {
    for (name, fault) in FAULTS {
        let inner = MemoryStore::new();
        let engine = FaultyStore { inner: inner.clone(), fault: *fault };
        let run = Run::new(4, Box::new(engine), Arc::new(inner));
        assert!(run.go(COMMANDS).is_err(), "the checks did not notice that the store {name}");
    }
}

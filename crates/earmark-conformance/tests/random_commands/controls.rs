//! Would the checks notice? Each broken rule and each faulty store must be caught, or the checks prove nothing.

use std::sync::Arc;

use earmark_core::orders::Order;
use earmark_core::{Changes, Money};
use earmark_store::memory::MemoryStore;

use crate::faults::{FAULTS, Faulty};
use crate::run::{Run, Spoil};

/// Enough for every broken rule to matter.
const STEPS: u64 = 20_000;

/// Changes the first order of a decision, if it has one.
fn with_order(changes: &mut Changes, spoil: impl FnOnce(&mut Order)) {
    if let Some(order) = changes.orders.first_mut() {
        spoil(Arc::make_mut(order));
    }
}

fn plus_one(money: Money) -> Money {
    money.plus(Money::parse(1).expect("an amount")).expect("an amount")
}

/// Rules as they would be with a bug in them.
const BROKEN_RULES: &[(&str, Spoil)] = &[
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
    ("keeps the version of an order", |changes| with_order(changes, |order| order.version -= 1)),
    ("says something twice", |changes| changes.events.extend(changes.events.last().cloned())),
    ("says nothing", |changes| changes.events.clear()),
    ("tells the end before the beginning", |changes| changes.events.reverse()),
    ("forgets the key", |changes| changes.idempotency = None),
    ("forgets every key at once", |changes| {
        changes.deleted_keys.extend(changes.idempotency.as_ref().map(|record| record.digest));
    }),
    ("refunds a cent too much", |changes| {
        with_order(changes, |order| {
            let refund = order.refunds.last_mut();
            refund.into_iter().for_each(|refund| refund.amount = plus_one(refund.amount));
        });
    }),
    ("refunds nothing", |changes| with_order(changes, |order| order.refunds.clear())),
    ("cancels for a cent too much", |changes| {
        with_order(changes, |order| {
            let part = order.cancellations.last_mut().and_then(|cancellation| cancellation.lines.last_mut());
            part.into_iter().for_each(|part| part.amount = plus_one(part.amount));
        });
    }),
    ("changes a price after placement", |changes| {
        with_order(changes, |order| {
            if order.version > 1 {
                order.lines[0].unit_price = plus_one(order.lines[0].unit_price);
            }
        });
    }),
    ("takes an order for paid", |changes| {
        with_order(changes, |order| order.paid_at = order.paid_at.or(order.confirmed_at));
    }),
    ("ships more than there is", |changes| {
        with_order(changes, |order| order.lines[0].shipped = order.lines[0].quantity + 1);
    }),
    ("brings units back to life", |changes| {
        with_order(changes, |order| {
            let line = order.lines.iter_mut().find(|line| line.cancelled > 0);
            line.into_iter().for_each(|line| line.cancelled -= 1);
        });
    }),
];

#[test]
fn every_broken_rule_is_caught() {
    for (name, spoil) in BROKEN_RULES {
        let mut run = Run::fresh(3);
        run.spoil = Some(*spoil);
        assert!(run.go(STEPS).is_err(), "nobody noticed that the rule {name}");
    }
}

#[test]
fn every_faulty_store_is_caught() {
    for (name, fault) in FAULTS {
        let inner = MemoryStore::new();
        let engine = Faulty { inner: inner.clone(), fault: *fault };
        let run = Run::over(4, Box::new(engine), Arc::new(inner));
        assert!(run.go(STEPS).is_err(), "nobody noticed that the store {name}");
    }
}

//! Is `0 ≤ reserved ≤ on_hand`, is reserved what open order lines hold, and has every change of a
//! counter its event?

use std::collections::HashMap;

use earmark_core::text::Sku;
use earmark_core::{Action, Changes, Command, Fact, Rejection, Timestamp};

use crate::ledger::{Checked, Ledger, ensure};

/// How much the counters of an item move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moved {
    on_hand: i64,
    reserved: i64,
}

/// How the counters move according to the events of a decision.
fn moved_by_events(changes: &Changes) -> HashMap<&Sku, Moved> {
    let mut moved: HashMap<&Sku, Moved> = HashMap::new();
    let mut add = |sku, on_hand: i64, reserved: i64| {
        let sum = moved.entry(sku).or_default();
        *sum = Moved { on_hand: sum.on_hand + on_hand, reserved: sum.reserved + reserved };
    };
    for draft in &changes.events {
        match &draft.fact {
            Fact::OrderCreated => {
                let order = changes.orders.iter().find(|order| Some(order.id) == draft.order_id);
                let lines = order.map_or(&[][..], |order| &order.lines);
                lines.iter().for_each(|line| add(&line.sku, 0, i64::from(line.quantity)));
            }
            Fact::OrderCancelled { lines, .. } | Fact::OrderPartiallyCancelled { lines, .. } => {
                lines.iter().for_each(|units| add(&units.sku, 0, -i64::from(units.quantity)));
            }
            Fact::ShipmentCreated { lines, .. } => {
                lines.iter().for_each(|units| {
                    add(&units.sku, -i64::from(units.quantity), -i64::from(units.quantity));
                });
            }
            Fact::StockAdjusted { delta, .. } => draft.sku.iter().for_each(|sku| add(sku, *delta, 0)),
            _ => {}
        }
    }
    moved
}

/// Checks the stock of a decision before the ledger takes it in.
pub(crate) fn check(ledger: &Ledger, changes: &Changes, now: Timestamp) -> Checked {
    let by_events = moved_by_events(changes);
    let changed: Vec<&Sku> = changes.stocks.iter().map(|stock| &stock.sku).collect();
    for (sku, moved) in &by_events {
        let stays = *moved == Moved::default();
        ensure(stays || changed.contains(sku), || format!("an event moves {sku}, but its stock stays"))?;
    }
    for stock in &changes.stocks {
        let before = ledger.stocks.get(&stock.sku);
        let (was_on_hand, was_reserved, version) =
            before.map_or((0, 0, 0), |row| (row.on_hand.into(), row.reserved.into(), row.version));
        let (on_hand, reserved) = (i64::from(stock.on_hand), i64::from(stock.reserved));
        let sku = &stock.sku;
        ensure(reserved <= on_hand, || format!("{sku}: {reserved} reserved of {on_hand} on hand"))?;
        ensure(stock.version == version + 1, || format!("{sku}: version {} after {version}", stock.version))?;
        ensure(stock.updated_at == now, || format!("{sku}: updated at another time"))?;
        let moved = Moved { on_hand: on_hand - was_on_hand, reserved: reserved - was_reserved };
        let wanted = by_events.get(sku).copied().unwrap_or_default();
        ensure(moved == wanted, || format!("{sku}: {moved:?}, by its events {wanted:?}"))?;
    }
    ensure(changes.items.iter().all(|item| changed.contains(&&item.sku)), || {
        "an item changed and the version of its stock did not".to_owned()
    })
}

/// Checks, after the ledger took a decision in, that the items in it are reserved exactly.
pub(crate) fn check_reserved(ledger: &Ledger, changes: &Changes) -> Checked {
    let of_orders = changes.orders.iter().flat_map(|order| order.lines.iter().map(|line| &line.sku));
    for sku in changes.stocks.iter().map(|stock| &stock.sku).chain(of_orders) {
        let reserved = ledger.stocks.get(sku).map_or(0, |stock| i64::from(stock.reserved));
        let held = ledger.reserved.get(sku).copied().unwrap_or(0);
        ensure(reserved == held, || format!("{sku}: {reserved} reserved, open lines hold {held}"))?;
    }
    Ok(())
}

/// Checks that a rejection for lack of stock has the right numbers.
pub(crate) fn check_rejection(ledger: &Ledger, command: &Command, rejection: &Rejection) -> Checked {
    let counters = |sku| ledger.stocks.get(sku).map(|stock| (stock.on_hand, stock.reserved));
    match rejection {
        Rejection::InsufficientStock { shortages } => {
            ensure(!shortages.is_empty(), || "a shortage without items".to_owned())?;
            shortages.iter().try_for_each(|shortage| {
                let available = counters(&shortage.sku).map(|(on_hand, reserved)| on_hand - reserved);
                let short =
                    available == Some(shortage.available) && shortage.requested > shortage.available.into();
                ensure(short, || format!("no shortage: {shortage:?}, available {available:?}"))
            })
        }
        Rejection::StockBelowReserved { on_hand, reserved }
        | Rejection::StockMismatch { on_hand, reserved } => {
            let Action::AdjustStock(adjust) = &command.action else {
                return Err("only an adjustment is rejected like this".to_owned());
            };
            ensure(counters(&adjust.sku) == Some((*on_hand, *reserved)), || {
                format!("wrong counters: {rejection:?}")
            })
        }
        _ => Ok(()),
    }
}

//! `0 ≤ reserved ≤ on_hand`, reserved is what open order lines hold, and every change of a counter has its event.

use std::collections::HashMap;

use earmark_core::text::Sku;
use earmark_core::{Changes, Command, Fact, Rejection, Timestamp};

use crate::ledger::{Checked, Ledger, ensure};

/// What the events of a step say that they did to the counters: on hand, reserved.
fn told(changes: &Changes) -> HashMap<&Sku, (i64, i64)> {
    let mut told: HashMap<&Sku, (i64, i64)> = HashMap::new();
    let mut tell = |sku, on_hand: i64, reserved: i64| {
        let entry = told.entry(sku).or_default();
        *entry = (entry.0 + on_hand, entry.1 + reserved);
    };
    for draft in &changes.events {
        match &draft.fact {
            Fact::OrderCreated => {
                let order = changes.orders.iter().find(|order| Some(order.id) == draft.order_id);
                let lines = order.map_or(&[][..], |order| &order.lines);
                lines.iter().for_each(|line| tell(&line.sku, 0, i64::from(line.quantity)));
            }
            Fact::OrderCancelled { lines, .. } | Fact::OrderPartiallyCancelled { lines, .. } => {
                lines.iter().for_each(|units| tell(&units.sku, 0, -i64::from(units.quantity)));
            }
            Fact::ShipmentCreated { lines, .. } => {
                lines.iter().for_each(|units| {
                    tell(&units.sku, -i64::from(units.quantity), -i64::from(units.quantity));
                });
            }
            Fact::StockAdjusted { delta, .. } => draft.sku.iter().for_each(|sku| tell(sku, *delta, 0)),
            _ => {}
        }
    }
    told
}

/// Before the step is taken in.
pub(crate) fn check(ledger: &Ledger, changes: &Changes, now: Timestamp) -> Checked {
    let told = told(changes);
    let changed: Vec<&Sku> = changes.stocks.iter().map(|stock| &stock.sku).collect();
    for (sku, (on_hand, reserved)) in &told {
        let silent = (*on_hand, *reserved) == (0, 0);
        ensure(silent || changed.contains(sku), || format!("an event moves {sku}, but its stock stays"))?;
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
        let moved = (on_hand - was_on_hand, reserved - was_reserved);
        let wanted = told.get(sku).copied().unwrap_or_default();
        ensure(moved == wanted, || format!("{sku}: moved by {moved:?}, its events say {wanted:?}"))?;
    }
    ensure(changes.items.iter().all(|item| changed.contains(&&item.sku)), || {
        "an item changed and the version of its stock did not".to_owned()
    })
}

/// After the step was taken in: what is touched is reserved exactly.
pub(crate) fn check_reserved(ledger: &Ledger, changes: &Changes) -> Checked {
    let of_orders = changes.orders.iter().flat_map(|order| order.lines.iter().map(|line| &line.sku));
    for sku in changes.stocks.iter().map(|stock| &stock.sku).chain(of_orders) {
        let reserved = ledger.stocks.get(sku).map_or(0, |stock| i64::from(stock.reserved));
        let promised = ledger.promised.get(sku).copied().unwrap_or(0);
        ensure(reserved == promised, || format!("{sku}: {reserved} reserved, open lines hold {promised}"))?;
    }
    Ok(())
}

/// A refusal for want of stock tells the truth.
pub(crate) fn check_refusal(ledger: &Ledger, command: &Command, rejection: &Rejection) -> Checked {
    let counters = |sku| ledger.stocks.get(sku).map(|stock| (stock.on_hand, stock.reserved));
    match rejection {
        Rejection::InsufficientStock { shortages } => {
            ensure(!shortages.is_empty(), || "a shortage of nothing".to_owned())?;
            shortages.iter().try_for_each(|shortage| {
                let available = counters(&shortage.sku).map(|(on_hand, reserved)| on_hand - reserved);
                let short =
                    available == Some(shortage.available) && shortage.requested > shortage.available.into();
                ensure(short, || format!("no shortage: {shortage:?}, available {available:?}"))
            })
        }
        Rejection::StockBelowReserved { on_hand, reserved }
        | Rejection::StockMismatch { on_hand, reserved } => {
            let earmark_core::Action::AdjustStock(adjust) = &command.action else {
                return Err("only an adjustment is refused so".to_owned());
            };
            ensure(counters(&adjust.sku) == Some((*on_hand, *reserved)), || {
                format!("wrong counters: {rejection:?}")
            })
        }
        _ => Ok(()),
    }
}

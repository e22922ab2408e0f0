//! Does the stored data agree with itself?
//!
//! Tests, proofs and `earmark verify` all check with this. A verifier is given every item, then
//! every order, then every event in sequence, all from one snapshot. It checks that the counters of
//! an item are what its movements give and what open order lines hold, and that each order is
//! sound. It keeps one small entry per item, so its memory does not grow with the number of orders.

use std::collections::HashMap;

use crate::event::Event;
use crate::items::StockedItem;
use crate::movements::deltas;
use crate::orders::Order;
use crate::text::Sku;

/// The most breaches that are put into words; further ones are counted.
const BREACHES_MAX: usize = 100;

/// The counters of one item: as stored, as held by order lines, and as its movements give them.
#[derive(Default)]
struct Count {
    on_hand: i64,
    reserved: i64,
    held: i64,
    moved_on_hand: i64,
    moved_reserved: i64,
}

/// A check of all stored data, in progress.
#[derive(Default)]
pub struct Verifier {
    counts: HashMap<Sku, Count>,
    last_sequence: u64,
    breaches: Vec<String>,
    further: u64,
}

impl Verifier {
    /// A verifier that was given nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn breach(&mut self, text: String) {
        if self.breaches.len() < BREACHES_MAX {
            self.breaches.push(text);
        } else {
            self.further += 1;
        }
    }

    /// Takes in an item; each once, before orders and events.
    pub fn item(&mut self, item: &StockedItem) {
        let stock = &item.stock;
        if stock.reserved > stock.on_hand {
            self.breach(format!(
                "item {}: {} reserved of {} on hand",
                stock.sku, stock.reserved, stock.on_hand
            ));
        }
        let count =
            Count { on_hand: stock.on_hand.into(), reserved: stock.reserved.into(), ..Count::default() };
        if self.counts.insert(stock.sku.clone(), count).is_some() {
            self.breach(format!("item {}: stored twice", stock.sku));
        }
    }

    /// Takes in an order; each once.
    pub fn order(&mut self, order: &Order) {
        for breach in order.breaches() {
            self.breach(format!("order {}: {breach}", order.id));
        }
        for line in &order.lines {
            let held = i64::from(line.quantity) - i64::from(line.cancelled) - i64::from(line.shipped);
            match self.counts.get_mut(&line.sku) {
                Some(count) => count.held += held,
                None => self.breach(format!("order {}: its item {} is not stored", order.id, line.sku)),
            }
        }
    }

    /// Takes in an event; all of them, in sequence. An `order.created` comes with its order, in any
    /// later state.
    pub fn event(&mut self, event: &Event, order: Option<&Order>) {
        if event.sequence != self.last_sequence + 1 {
            self.breach(format!("event {} follows event {}", event.sequence, self.last_sequence));
        }
        self.last_sequence = event.sequence;
        for delta in deltas(event, order) {
            match self.counts.get_mut(&delta.sku) {
                Some(count) => {
                    count.moved_on_hand += delta.on_hand;
                    count.moved_reserved += delta.reserved;
                }
                None => {
                    let (sequence, sku) = (event.sequence, delta.sku);
                    self.breach(format!("event {sequence}: its item {sku} is not stored"));
                }
            }
        }
    }

    /// The breaches, in words; empty if the data agrees with itself.
    pub fn finish(mut self) -> Vec<String> {
        let mut counts: Vec<_> = std::mem::take(&mut self.counts).into_iter().collect();
        counts.sort_by(|(left, _), (right, _)| left.cmp(right));
        for (sku, count) in counts {
            if count.reserved != count.held {
                self.breach(format!(
                    "item {sku}: {} reserved, but open order lines hold {}",
                    count.reserved, count.held
                ));
            }
            if (count.on_hand, count.reserved) != (count.moved_on_hand, count.moved_reserved) {
                self.breach(format!(
                    "item {sku}: counters {} and {}, but its movements give {} and {}",
                    count.on_hand, count.reserved, count.moved_on_hand, count.moved_reserved
                ));
            }
        }
        if self.further > 0 {
            self.breaches.push(format!("and {} more", self.further));
        }
        self.breaches
    }
}

//! Random commands that place, confirm, cancel and expire orders.

use std::sync::Arc;

use earmark_core::command::Action;
use earmark_core::ids::{CartId, OrderId, RefundId};
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::confirm::ConfirmOrder;
use earmark_core::orders::expire::ExpireReservation;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{Address, Order, OrderStatus, Units};
use earmark_core::text::{Reference, Sku};
use earmark_core::{Money, Span};

use super::Simulation;
use super::draws::{CANCEL_REASONS, name};

impl Simulation {
    pub(super) fn place_from_cart(&mut self) -> Action {
        let filled: Vec<usize> =
            (0..self.known.carts.len()).filter(|place| !self.known.carts[*place].lines.is_empty()).collect();
        let Some(place) = self.random.pick(&filled).copied() else { return self.change_cart_line() };
        let cart = &self.known.carts[place];
        let (cart_id, lines) = (cart.id, cart.lines.clone());
        let skus = match self.random.below(10) {
            0..3 => Some(vec![self.random.pick(&lines).expect("it is not empty").sku.clone()]),
            3 => Some(vec![self.sku()]),
            _ => None,
        };
        let named = |sku: &Sku| skus.as_ref().is_none_or(|skus| skus.contains(sku));
        let taken = lines.iter().filter(|line| named(&line.sku));
        let taken = taken.map(|line| Units { sku: line.sku.clone(), quantity: line.quantity });
        let expected_total = self.expected_total(&taken.collect::<Vec<_>>());
        let cart_id = if self.random.percent(2) { CartId(self.id()) } else { cart_id };
        self.place(Source::Cart { cart_id, skus }, expected_total)
    }

    pub(super) fn place_lines(&mut self) -> Action {
        let count = if self.random.percent(3) { 0 } else { self.between(1, 5) };
        let mut lines: Vec<Units> = Vec::new();
        for _ in 0..count {
            let (sku, quantity) = (self.sku(), self.quantity());
            lines.push(Units { sku, quantity });
        }
        if self.random.percent(10)
            && let Some(again) = self.random.pick(&lines).cloned()
        {
            lines.push(again);
        }
        let expected_total = self.expected_total(&lines);
        let customer_id = self.random.percent(70).then(|| self.customer());
        self.place(Source::Lines { lines, customer_id }, expected_total)
    }

    /// The total that the client expects: mostly none, sometimes what it has seen, sometimes a
    /// wrong one.
    fn expected_total(&mut self, lines: &[Units]) -> Option<Money> {
        match self.random.below(20) {
            0..6 => self.known.total(lines),
            6 => Some(Money::parse(i64::from(self.between(0, 50_000))).expect("an amount")),
            _ => None,
        }
    }

    fn place(&mut self, source: Source, expected_total: Option<Money>) -> Action {
        let reference = match self.random.below(20) {
            0 => self.random.pick(&self.known.references).cloned(),
            1..5 => Reference::parse(&format!("R#{:x}", self.random.next_u64())).ok(),
            _ => None,
        };
        let shipping_address = self.random.percent(30).then(|| Address {
            name: Some(name("Ada Lovelace")),
            line1: Some(name("12 St James's Square")),
            city: Some(name("London")),
            country: Some(name("GB")),
            ..Address::default()
        });
        Action::PlaceOrder(PlaceOrder {
            id: OrderId(self.id()),
            source,
            expected_total,
            confirm: if self.random.percent(60) { Confirm::Now } else { Confirm::Later },
            reference,
            shipping_address,
            metadata: self.metadata(),
            reservation_ttl: Span::from_seconds(if self.random.percent(20) { 5 } else { 1800 }),
        })
    }

    /// An order that was last seen in one of these states, and sometimes in another. `None` if
    /// there is none.
    pub(super) fn order(&mut self, states: &[OrderStatus]) -> Option<Arc<Order>> {
        let fitting: Vec<_> =
            self.known.orders.iter().filter(|order| states.contains(&order.status())).cloned().collect();
        let from = if fitting.is_empty() || self.random.percent(8) { &self.known.orders } else { &fitting };
        self.random.pick(from).cloned()
    }

    pub(super) fn order_id(&mut self, states: &[OrderStatus]) -> OrderId {
        match self.order(states) {
            Some(order) if !self.random.percent(1) => order.id,
            _ => OrderId(self.id()),
        }
    }

    pub(super) fn confirm(&mut self) -> Action {
        Action::ConfirmOrder(ConfirmOrder { order_id: self.order_id(&[OrderStatus::Created]) })
    }

    pub(super) fn cancel_whole(&mut self) -> Action {
        let states = [OrderStatus::Created, OrderStatus::Confirmed, OrderStatus::Paid];
        let order_id = self.order_id(&states);
        self.cancel(order_id, None)
    }

    pub(super) fn cancel_part(&mut self) -> Action {
        let states = [OrderStatus::Created, OrderStatus::Confirmed, OrderStatus::Paid];
        let Some(order) = self.order(&states) else { return self.place_lines() };
        let lines = self.some_units(&order);
        self.cancel(order.id, Some(lines))
    }

    fn cancel(&mut self, order_id: OrderId, lines: Option<Vec<Units>>) -> Action {
        let reason = *self.random.pick(&CANCEL_REASONS).expect("there are reasons");
        let (note, refund_id) = (self.note(), RefundId(self.id()));
        Action::CancelOrder(CancelOrder { order_id, lines, reason, note, refund_id })
    }

    /// Some of the units that are left, as far as is known; sometimes an item in two entries, too
    /// many units, or an item of no line.
    pub(super) fn some_units(&mut self, order: &Order) -> Vec<Units> {
        let mut units = Vec::new();
        for line in &order.lines {
            if self.random.percent(60) && line.unshipped() > 0 {
                let quantity = self.between(1, line.unshipped());
                units.push(Units { sku: line.sku.clone(), quantity });
            }
        }
        if self.random.percent(8) {
            let (sku, quantity) = (self.sku(), self.quantity());
            units.push(Units { sku, quantity });
        }
        if self.random.percent(8)
            && let Some(again) = self.random.pick(&units).cloned()
        {
            units.push(again);
        }
        units
    }

    pub(super) fn expire(&mut self) -> Action {
        let order_id = self.order_id(&[OrderStatus::Created, OrderStatus::Confirmed]);
        Action::ExpireReservation(ExpireReservation { order_id })
    }
}

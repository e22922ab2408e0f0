//! Commands about orders, payments, shipments and refunds.

use std::sync::Arc;

use earmark_core::command::Action;
use earmark_core::ids::{CartId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::confirm::ConfirmOrder;
use earmark_core::orders::expire::ExpireReservation;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{Address, CancelReason, Order, OrderStatus, Units};
use earmark_core::payments::Token;
use earmark_core::payments::hasten::HastenAttempts;
use earmark_core::payments::resolve::{ResolvePayment, ResolvedAs};
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::start::StartPayment;
use earmark_core::refunds::create::CreateRefund;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::shipments::deliver::DeliverShipment;
use earmark_core::shipments::ship::ShipOrder;
use earmark_core::text::{Name, Note, Reference, Sku, Url};
use earmark_core::{Money, Span};

use super::Simulation;

const REASONS: [CancelReason; 5] = [
    CancelReason::Customer,
    CancelReason::Inventory,
    CancelReason::Fraud,
    CancelReason::Declined,
    CancelReason::Other,
];

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

impl Simulation {
    pub(super) fn place_from_cart(&mut self) -> Action {
        let filled: Vec<usize> =
            (0..self.shop.carts.len()).filter(|place| !self.shop.carts[*place].lines.is_empty()).collect();
        let Some(place) = self.random.pick(&filled).copied() else { return self.change_cart_line() };
        let cart = &self.shop.carts[place];
        let (cart_id, lines) = (cart.id, cart.lines.clone());
        let skus = match self.random.below(10) {
            0..3 => Some(vec![self.random.pick(&lines).expect("it is not empty").sku.clone()]),
            3 => Some(vec![self.sku()]),
            _ => None,
        };
        let named = |sku: &Sku| skus.as_ref().is_none_or(|skus| skus.contains(sku));
        let wanted: Vec<_> = lines
            .iter()
            .filter(|line| named(&line.sku))
            .map(|line| (line.sku.clone(), line.quantity))
            .collect();
        let cart_id = if self.random.percent(2) { CartId(self.id()) } else { cart_id };
        self.place(Source::Cart { cart_id, skus }, &wanted)
    }

    pub(super) fn place_lines(&mut self) -> Action {
        let count = if self.random.percent(3) { 0 } else { self.random.between(1, 5) };
        let mut wanted: Vec<(Sku, u32)> = Vec::new();
        for _ in 0..count {
            let line = (self.sku(), self.quantity());
            wanted.push(line);
        }
        if self.random.percent(10)
            && let Some(line) = self.random.pick(&wanted).cloned()
        {
            wanted.push(line);
        }
        let units = |(sku, quantity): &(Sku, u32)| Units { sku: sku.clone(), quantity: *quantity };
        let lines = wanted.iter().map(units).collect();
        let customer_id = self.random.percent(70).then(|| self.customer());
        self.place(Source::Lines { lines, customer_id }, &wanted)
    }

    fn place(&mut self, source: Source, wanted: &[(Sku, u32)]) -> Action {
        let expected_total = match self.random.below(20) {
            0..6 => self.shop.total(wanted),
            6 => Some(Money::parse(i64::from(self.random.between(0, 50_000))).expect("an amount")),
            _ => None,
        };
        let reference = match self.random.below(20) {
            0 => self.random.pick(&self.shop.references).cloned(),
            1..5 => Reference::parse(&format!("R#{:x}", self.random.bits())).ok(),
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

    /// An order in one of these states as far as is known, or any, or one that is not there.
    fn order(&mut self, states: &[OrderStatus]) -> Option<Arc<Order>> {
        let fitting: Vec<_> =
            self.shop.orders.iter().filter(|order| states.contains(&order.status())).cloned().collect();
        let from = if fitting.is_empty() || self.random.percent(8) { &self.shop.orders } else { &fitting };
        self.random.pick(from).cloned()
    }

    fn order_id(&mut self, states: &[OrderStatus]) -> OrderId {
        match self.order(states) {
            Some(order) if !self.random.percent(1) => order.id,
            _ => OrderId(self.id()),
        }
    }

    pub(super) fn confirm(&mut self) -> Action {
        Action::ConfirmOrder(ConfirmOrder { order_id: self.order_id(&[OrderStatus::Created]) })
    }

    pub(super) fn pay(&mut self) -> Action {
        let Some(order) = self.order(&[OrderStatus::Confirmed]) else { return self.place_lines() };
        let amount = match self.random.below(10) {
            0..4 => Some(order.balance_due()),
            4 => Some(Money::parse(i64::from(self.random.between(0, 9_999))).expect("an amount")),
            _ => None,
        };
        Action::StartPayment(StartPayment {
            order_id: order.id,
            payment_id: PaymentId(self.id()),
            token: Token::parse("tok_ok").expect("a token"),
            amount,
            gateway: name("sandbox"),
        })
    }

    pub(super) fn settle_payment(&mut self) -> Action {
        let Some((order_id, payment_id)) = self.random.pick(&self.shop.pending_payments).copied() else {
            return self.pay();
        };
        let reference = self.random.percent(70).then(|| name("gw_1"));
        let result = match self.random.below(20) {
            0..13 => PaymentResult::Succeeded { reference },
            13..16 => PaymentResult::Declined { code: name("insufficient_funds"), reference },
            16 => PaymentResult::Failed { code: name("unknown_payment") },
            _ => {
                let wait = Span::from_seconds(self.random.between(0, 600));
                PaymentResult::Unknown { next_attempt_at: self.now.after(wait) }
            }
        };
        let payment_id = if self.random.percent(2) { PaymentId(self.id()) } else { payment_id };
        let refund_id = RefundId(self.id());
        Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id })
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
        let reason = *self.random.pick(&REASONS).expect("there are reasons");
        let (note, refund_id) = (self.note(), RefundId(self.id()));
        Action::CancelOrder(CancelOrder { order_id, lines, reason, note, refund_id })
    }

    /// Some units of an order that are left as far as is known, sometimes in two entries, sometimes too many or of a stranger.
    fn some_units(&mut self, order: &Order) -> Vec<Units> {
        let mut units = Vec::new();
        for line in &order.lines {
            if self.random.percent(60) && line.unshipped() > 0 {
                let quantity = self.random.between(1, line.unshipped());
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

    pub(super) fn ship(&mut self) -> Action {
        let Some(order) = self.order(&[OrderStatus::Paid]) else { return self.settle_payment() };
        let lines = self.random.percent(45).then(|| self.some_units(&order));
        let tracked = self.random.percent(40);
        Action::ShipOrder(ShipOrder {
            order_id: order.id,
            shipment_id: ShipmentId(self.id()),
            lines,
            carrier: tracked.then(|| name("Royal Mail")),
            tracking_number: tracked.then(|| name("AB 123")),
            tracking_url: tracked.then(|| Url::parse("https://example.com/t/AB123").expect("a URL")),
        })
    }

    pub(super) fn deliver(&mut self) -> Action {
        let Some((order_id, shipment_id)) = self.random.pick(&self.shop.shipments).copied() else {
            return self.ship();
        };
        let shipment_id = if self.random.percent(3) { ShipmentId(self.id()) } else { shipment_id };
        Action::DeliverShipment(DeliverShipment { order_id, shipment_id })
    }

    pub(super) fn expire(&mut self) -> Action {
        let order_id = self.order_id(&[OrderStatus::Created, OrderStatus::Confirmed]);
        Action::ExpireReservation(ExpireReservation { order_id })
    }

    pub(super) fn give_back(&mut self) -> Action {
        let states = [OrderStatus::Paid, OrderStatus::Shipped, OrderStatus::Delivered];
        let Some(order) = self.order(&states) else { return self.settle_payment() };
        let refundable = u32::try_from(order.refundable().minor()).unwrap_or(0);
        let amount = match self.random.below(10) {
            0 => self.random.between(0, 50_000),
            1..3 => refundable,
            _ => self.random.between(0, refundable),
        };
        Action::CreateRefund(CreateRefund {
            order_id: order.id,
            refund_id: RefundId(self.id()),
            amount: Money::parse(amount.into()).expect("an amount"),
            reason: *self.random.pick(&REASONS).expect("there are reasons"),
        })
    }

    pub(super) fn resolve_payment(&mut self) -> Action {
        let Some((order_id, payment_id)) = self.random.pick(&self.shop.pending_payments).copied() else {
            return self.pay();
        };
        let resolved_as = if self.random.percent(50) {
            ResolvedAs::Succeeded { reference: self.random.percent(50).then(|| name("gw_2")) }
        } else {
            ResolvedAs::Failed
        };
        let (note, refund_id) = (Note::parse("seen at the bank").expect("a note"), RefundId(self.id()));
        Action::ResolvePayment(ResolvePayment { order_id, payment_id, resolved_as, note, refund_id })
    }

    pub(super) fn hasten(&mut self) -> Action {
        let pending: Vec<OrderId> = self.shop.pending_payments.iter().map(|(order, _)| *order).collect();
        let pending = pending.into_iter().chain(self.shop.pending_refunds.iter().map(|(order, _)| *order));
        let pending: Vec<OrderId> = pending.collect();
        let order_id = self.random.pick(&pending).copied();
        let order_id = order_id.unwrap_or_else(|| self.order_id(&[OrderStatus::Confirmed]));
        Action::HastenAttempts(HastenAttempts { order_id })
    }

    pub(super) fn settle_refund(&mut self) -> Action {
        let Some((order_id, refund_id)) = self.random.pick(&self.shop.pending_refunds).copied() else {
            return self.cancel_part();
        };
        let result = match self.random.below(10) {
            0..6 => RefundResult::Succeeded,
            6..8 => RefundResult::Failed,
            _ => {
                let wait = Span::from_seconds(self.random.between(0, 600));
                RefundResult::Unknown { next_attempt_at: self.now.after(wait) }
            }
        };
        Action::SettleRefund(SettleRefund { order_id, refund_id, result })
    }
}

//! Random payments, and what gateways answer to them.

use earmark_core::command::Action;
use earmark_core::ids::{OrderId, PaymentId, RefundId};
use earmark_core::orders::OrderStatus;
use earmark_core::payments::Token;
use earmark_core::payments::hasten::HastenAttempts;
use earmark_core::payments::resolve::{ResolvePayment, ResolvedAs};
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::start::StartPayment;
use earmark_core::text::Note;
use earmark_core::{Money, Span};

use super::Simulation;
use super::draws::name;

impl Simulation {
    pub(super) fn pay(&mut self) -> Action {
        let Some(order) = self.order(&[OrderStatus::Confirmed]) else { return self.place_lines() };
        let amount = match self.random.below(10) {
            0..4 => Some(order.balance_due()),
            4 => Some(Money::parse(i64::from(self.between(0, 9_999))).expect("an amount")),
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
        let Some((order_id, payment_id)) = self.random.pick(&self.known.pending_payments).copied() else {
            return self.pay();
        };
        let reference = self.random.percent(70).then(|| name("gw_1"));
        let result = match self.random.below(20) {
            0..13 => PaymentResult::Succeeded { reference },
            13..16 => PaymentResult::Declined { code: name("insufficient_funds"), reference },
            16 => PaymentResult::Failed { code: name("unknown_payment") },
            _ => {
                let wait = Span::from_seconds(self.between(0, 600));
                PaymentResult::Unknown { next_attempt_at: self.now.after(wait) }
            }
        };
        let payment_id = if self.random.percent(2) { PaymentId(self.id()) } else { payment_id };
        let refund_id = RefundId(self.id());
        Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id })
    }

    pub(super) fn resolve_payment(&mut self) -> Action {
        let Some((order_id, payment_id)) = self.random.pick(&self.known.pending_payments).copied() else {
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
        let of_payments = self.known.pending_payments.iter().map(|(order_id, _)| *order_id);
        let of_refunds = self.known.pending_refunds.iter().map(|(order_id, _)| *order_id);
        let pending: Vec<OrderId> = of_payments.chain(of_refunds).collect();
        let order_id = self.random.pick(&pending).copied();
        let order_id = order_id.unwrap_or_else(|| self.order_id(&[OrderStatus::Confirmed]));
        Action::HastenAttempts(HastenAttempts { order_id })
    }
}

//! Random refunds, and what gateways answer to them.

use earmark_core::command::Action;
use earmark_core::ids::RefundId;
use earmark_core::orders::OrderStatus;
use earmark_core::refunds::create::CreateRefund;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::{Money, Span};

use super::Simulation;
use super::draws::CANCEL_REASONS;

impl Simulation {
    pub(super) fn create_refund(&mut self) -> Action {
        let states = [OrderStatus::Paid, OrderStatus::Shipped, OrderStatus::Delivered];
        let Some(order) = self.order(&states) else { return self.settle_payment() };
        let refundable = u32::try_from(order.refundable().minor()).unwrap_or(0);
        let amount = match self.random.below(10) {
            0 => self.between(0, 50_000),
            1..3 => refundable,
            _ => self.between(0, refundable),
        };
        Action::CreateRefund(CreateRefund {
            order_id: order.id,
            refund_id: RefundId(self.id()),
            amount: Money::parse(amount.into()).expect("an amount"),
            reason: *self.random.pick(&CANCEL_REASONS).expect("there are reasons"),
        })
    }

    pub(super) fn settle_refund(&mut self) -> Action {
        let Some((order_id, refund_id)) = self.random.pick(&self.known.pending_refunds).copied() else {
            return self.cancel_part();
        };
        let result = match self.random.below(10) {
            0..6 => RefundResult::Succeeded,
            6..8 => RefundResult::Failed,
            _ => {
                let wait = Span::from_seconds(self.between(0, 600));
                RefundResult::Unknown { next_attempt_at: self.now.after(wait) }
            }
        };
        Action::SettleRefund(SettleRefund { order_id, refund_id, result })
    }
}

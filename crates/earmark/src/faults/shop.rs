//! One order on the store in memory, on its way through payment and refund, for tests.

use earmark_core::ids::{AdjustmentId, OrderId, PaymentId, RefundId};
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::orders::confirm::ConfirmOrder;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{CancelReason, Units};
use earmark_core::payments::Token;
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::start::StartPayment;
use earmark_core::refunds::create::CreateRefund;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::text::{Metadata, Name, Sku};
use earmark_core::{
    Action, BatchChanges, Caller, Command, Keys, Money, Span, Timestamp, WorkingSet, decide, needs,
};
use earmark_store::Engine;
use earmark_store::memory::MemoryStore;

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);
const ORDER: OrderId = OrderId(1);
const PAYMENT: PaymentId = PaymentId(2);
const REFUND: RefundId = RefundId(3);

/// What becomes of the order, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Confirm,
    StartPayment,
    PaymentUnknown,
    PaymentTaken,
    CreateRefund,
    RefundUnknown,
    RefundDone,
}

const STEPS: [Step; 7] = [
    Step::Confirm,
    Step::StartPayment,
    Step::PaymentUnknown,
    Step::PaymentTaken,
    Step::CreateRefund,
    Step::RefundUnknown,
    Step::RefundDone,
];

pub(super) struct Shop {
    pub(super) rows: MemoryStore,
}

impl Shop {
    /// A shop with one placed order.
    pub(super) fn new() -> Self {
        let shop = Self { rows: MemoryStore::new() };
        let sku = Sku::parse("MUG").unwrap();
        let put = PutItem {
            sku: sku.clone(),
            name: Name::parse("Mug").unwrap(),
            unit_price: Money::parse(100).unwrap(),
            description: None,
            active: None,
            image_url: None,
            metadata: None,
        };
        shop.save(&shop.decided(Action::PutItem(put)));
        let (change, reason) = (StockChange::By(5), AdjustmentReason::Received);
        let id = AdjustmentId(1);
        let adjust = AdjustStock { id, sku: sku.clone(), change, reason, note: None };
        shop.save(&shop.decided(Action::AdjustStock(adjust)));
        let place = PlaceOrder {
            id: ORDER,
            source: Source::Lines { lines: vec![Units { sku, quantity: 2 }], customer_id: None },
            expected_total: None,
            reference: None,
            shipping_address: None,
            metadata: Metadata::default(),
            confirm: Confirm::Later,
            reservation_ttl: Span::from_seconds(60),
        };
        shop.save(&shop.decided(Action::PlaceOrder(place)));
        shop
    }

    /// What a step changes; the steps before it are saved, and it is not.
    pub(super) fn changes_of(&self, step: Step) -> BatchChanges {
        for before in STEPS.into_iter().take_while(|before| *before != step) {
            self.save(&self.decided(action(before)));
        }
        self.decided(action(step))
    }

    fn decided(&self, action: Action) -> BatchChanges {
        let command = Command::new(Caller::OPERATOR, action);
        let (mut rows, mut keys) = (WorkingSet::default(), Keys::default());
        needs(&command, &rows, &mut keys);
        self.rows.clone().begin(&keys, &mut rows, &mut ()).unwrap();
        let (_, changes) = decide(&rows, &command, NOW).unwrap();
        rows.absorb(changes, &command.caller.actor, NOW);
        rows.take_changes()
    }

    fn save(&self, changes: &BatchChanges) {
        self.rows.clone().commit(changes, &mut ()).unwrap();
    }
}

fn action(step: Step) -> Action {
    let (order_id, payment_id, refund_id) = (ORDER, PAYMENT, REFUND);
    let settle_payment =
        |result| Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id });
    let settle_refund = |result| Action::SettleRefund(SettleRefund { order_id, refund_id, result });
    match step {
        Step::Confirm => Action::ConfirmOrder(ConfirmOrder { order_id }),
        Step::StartPayment => {
            let (token, gateway) = (Token::parse("tok_ok").unwrap(), Name::parse("sandbox").unwrap());
            Action::StartPayment(StartPayment { order_id, payment_id, token, amount: None, gateway })
        }
        Step::PaymentUnknown => settle_payment(PaymentResult::Unknown { next_attempt_at: NOW }),
        Step::PaymentTaken => settle_payment(PaymentResult::Succeeded { reference: None }),
        Step::CreateRefund => {
            let (amount, reason) = (Money::parse(50).unwrap(), CancelReason::Other);
            Action::CreateRefund(CreateRefund { order_id, refund_id, amount, reason })
        }
        Step::RefundUnknown => settle_refund(RefundResult::Unknown { next_attempt_at: NOW }),
        Step::RefundDone => settle_refund(RefundResult::Succeeded),
    }
}

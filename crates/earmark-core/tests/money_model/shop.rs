//! The rows of a shop with one order, changed by the real rules: each step is a command that
//! `decide` decides.
//!
//! Versions, times, and the count of attempts beyond one would make the states endless without
//! making them different. They are leveled after each step.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use earmark_core::ids::{AdjustmentId, OrderId, PaymentId, RefundId};
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::items::{AdjustmentReason, Item, Stock};
use earmark_core::orders::cancel::CancelOrder;
use earmark_core::orders::expire::ExpireReservation;
use earmark_core::orders::place::{Confirm, PlaceOrder, Source};
use earmark_core::orders::{CancelReason, Order, Units};
use earmark_core::payments::settle::{PaymentResult, SettlePayment};
use earmark_core::payments::start::StartPayment;
use earmark_core::payments::{PaymentStatus, Token};
use earmark_core::refunds::RefundStatus;
use earmark_core::refunds::settle::{RefundResult, SettleRefund};
use earmark_core::text::{Metadata, Name, Sku};
use earmark_core::{Action, Caller, Command, Keys, Money, Span, Timestamp, WorkingSet, decide, needs};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);
/// A time after the end of every reservation.
const LATE: Timestamp = Timestamp(1_790_000_100_000_000_000);
const ORDER: OrderId = OrderId(1);
/// The units that are ordered.
pub(crate) const UNITS: u32 = 2;

/// The row that a call is about, with the id of the payment or refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Row {
    Payment(u128),
    Refund(u128),
}

/// What a node records about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Done,
    Refused,
    Unknown,
    /// Recorded by a mistake only.
    Failed,
}

/// The rows of the shop. Two shops are equal if their digests are.
#[derive(Clone)]
pub(crate) struct Shop {
    item: Arc<Item>,
    pub(crate) stock: Stock,
    pub(crate) order: Arc<Order>,
    /// A hash of all rows.
    digest: [u64; 2],
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let payments: Vec<_> =
            self.order.payments.iter().map(|row| (row.id, row.status, row.attempts)).collect();
        let refunds: Vec<_> =
            self.order.refunds.iter().map(|row| (row.id, row.status, row.attempts)).collect();
        write!(f, "{:?} {payments:?} {refunds:?}", self.order.status())
    }
}

impl PartialEq for Shop {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Hash for Shop {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

fn command(action: Action) -> Command {
    Command::new(Caller::SYSTEM, action)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

impl Shop {
    /// One confirmed order of two units at 10.01 of an item, of which there are five.
    pub(crate) fn open() -> Self {
        let sku = Sku::parse("a").unwrap();
        let unit_price = Money::parse(1_001).unwrap();
        let (description, active, image_url, metadata) = (None, None, None, None);
        let put = PutItem {
            sku: sku.clone(),
            name: name("A"),
            unit_price,
            description,
            active,
            image_url,
            metadata,
        };
        let (reason, change, id) = (AdjustmentReason::Received, StockChange::By(5), AdjustmentId(1));
        let adjust = AdjustStock { id, sku: sku.clone(), change, reason, note: None };
        let place = PlaceOrder {
            id: ORDER,
            source: Source::Lines {
                lines: vec![Units { sku: sku.clone(), quantity: UNITS }],
                customer_id: None,
            },
            expected_total: None,
            confirm: Confirm::Now,
            reference: None,
            shipping_address: None,
            metadata: Metadata::default(),
            reservation_ttl: Span::from_seconds(1_800),
        };
        let mut rows = WorkingSet::default();
        for action in [Action::PutItem(put), Action::AdjustStock(adjust), Action::PlaceOrder(place)] {
            let command = command(action);
            let mut keys = Keys::default();
            needs(&command, &rows, &mut keys);
            for sku in keys.items {
                rows.items.put_loaded(sku.clone(), None);
                rows.stocks.put_loaded(sku, None);
            }
            keys.orders.into_iter().for_each(|id| rows.orders.put_loaded(id, None));
            let (_, changes) = decide(&rows, &command, NOW).unwrap();
            rows.absorb(changes, &command.caller.actor, NOW);
        }
        let item = Arc::clone(rows.items.find("a").unwrap());
        let stock = Stock::clone(rows.stocks.find("a").unwrap());
        let order = Arc::clone(rows.orders.find(&ORDER).unwrap());
        Self { item, stock, order, digest: [0; 2] }.leveled()
    }

    /// The shop after a command; `None` if it was refused or changed nothing.
    fn after(&self, action: Action, now: Timestamp) -> Option<Self> {
        let mut rows = WorkingSet::default();
        let sku = self.item.sku.clone();
        rows.items.put_loaded(sku.clone(), Some(Item::clone(&self.item)));
        rows.stocks.put_loaded(sku, Some(self.stock.clone()));
        rows.orders.put_loaded(ORDER, Some(Order::clone(&self.order)));
        let (_, changes) = decide(&rows, &command(action), now).ok()?;
        let mut next = self.clone();
        next.order = changes.orders.into_iter().next()?;
        if let Some(stock) = changes.stocks.into_iter().next() {
            next.stock = stock;
        }
        Some(next.leveled())
    }

    fn leveled(mut self) -> Self {
        let mut order = Order::clone(&self.order);
        assert_eq!(order.breaches(), Vec::<String>::new());
        (order.version, order.updated_at) = (1, NOW);
        order.paid_at = order.paid_at.map(|_| NOW);
        order.cancellations.iter_mut().for_each(|cancellation| cancellation.at = NOW);
        for payment in &mut order.payments {
            (payment.version, payment.attempts) = (1, payment.attempts.min(1));
            (payment.created_at, payment.updated_at, payment.next_attempt_at) = (NOW, NOW, NOW);
        }
        for refund in &mut order.refunds {
            (refund.version, refund.attempts) = (1, refund.attempts.min(1));
            (refund.created_at, refund.updated_at, refund.next_attempt_at) = (NOW, NOW, NOW);
        }
        (self.stock.version, self.stock.updated_at) = (1, NOW);
        let image = serde_json::to_string(&(&order, &self.stock)).unwrap();
        self.digest = [0_u64, 1].map(|salt| {
            let mut hasher = DefaultHasher::new();
            (salt, &image).hash(&mut hasher);
            hasher.finish()
        });
        self.order = Arc::new(order);
        self
    }

    pub(crate) fn pay(&self, payment: u128) -> Option<Self> {
        let (token, gateway) = (Token::parse("tok_ok").unwrap(), name("g"));
        let (order_id, payment_id) = (ORDER, PaymentId(payment));
        let start = StartPayment { order_id, payment_id, token, amount: None, gateway };
        self.after(Action::StartPayment(start), NOW)
    }

    /// Cancels this many units; `None` for the whole order.
    pub(crate) fn cancel(&self, units: Option<u32>) -> Option<Self> {
        let lines = units.map(|quantity| vec![Units { sku: self.item.sku.clone(), quantity }]);
        let refund_id = RefundId(10 + self.order.cancellations.len() as u128);
        let (order_id, reason, note) = (ORDER, CancelReason::Customer, None);
        self.after(Action::CancelOrder(CancelOrder { order_id, lines, reason, note, refund_id }), NOW)
    }

    pub(crate) fn expire(&self) -> Option<Self> {
        self.after(Action::ExpireReservation(ExpireReservation { order_id: ORDER }), LATE)
    }

    pub(crate) fn settle(&self, row: Row, settled: Settled) -> Option<Self> {
        let order_id = ORDER;
        let action = match row {
            Row::Payment(id) => {
                let result = match settled {
                    Settled::Done => PaymentResult::Succeeded { reference: None },
                    Settled::Refused => PaymentResult::Declined { code: name("no"), reference: None },
                    Settled::Unknown => PaymentResult::Unknown { next_attempt_at: NOW },
                    Settled::Failed => PaymentResult::Failed { code: name("timeout") },
                };
                let (payment_id, refund_id) = (PaymentId(id), RefundId(100 + id));
                Action::SettlePayment(SettlePayment { order_id, payment_id, result, refund_id })
            }
            Row::Refund(id) => {
                let result = match settled {
                    Settled::Done => RefundResult::Succeeded,
                    Settled::Refused | Settled::Failed => RefundResult::Failed,
                    Settled::Unknown => RefundResult::Unknown { next_attempt_at: NOW },
                };
                Action::SettleRefund(SettleRefund { order_id, refund_id: RefundId(id), result })
            }
        };
        self.after(action, NOW)
    }

    /// The rows that are pending, each with whether the gateway was called for it before.
    pub(crate) fn pending(&self) -> Vec<(Row, bool)> {
        let payments = self.order.payments.iter().filter(|row| row.status == PaymentStatus::Pending);
        let refunds = self.order.refunds.iter().filter(|row| row.status == RefundStatus::Pending);
        payments
            .map(|row| (Row::Payment(row.id.0), row.attempts > 0))
            .chain(refunds.map(|row| (Row::Refund(row.id.0), row.attempts > 0)))
            .collect()
    }

    /// The amount of a row in minor units; for a payment that is not written yet, what is due.
    pub(crate) fn amount(&self, row: Row) -> i64 {
        let amount = match row {
            Row::Payment(id) => self.order.payments.iter().find(|row| row.id.0 == id).map(|row| row.amount),
            Row::Refund(id) => self.order.refunds.iter().find(|row| row.id.0 == id).map(|row| row.amount),
        };
        amount.unwrap_or_else(|| self.order.balance_due()).minor()
    }

    /// The amounts of the payments that succeeded, in minor units.
    pub(crate) fn succeeded(&self) -> impl Iterator<Item = (u128, i64)> {
        let done = self.order.payments.iter().filter(|row| row.status == PaymentStatus::Succeeded);
        done.map(|row| (row.id.0, row.amount.minor()))
    }

    /// The amounts of the refunds in this state, in minor units.
    pub(crate) fn refunds(&self, status: RefundStatus) -> impl Iterator<Item = (u128, i64)> {
        let found = self.order.refunds.iter().filter(move |row| row.status == status);
        found.map(|row| (row.id.0, row.amount.minor()))
    }
}

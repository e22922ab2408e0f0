//! What was promised, and where does it stand?
//!
//! An order is one aggregate: its lines with their counters, its cancellations, shipments, payments and refunds. The counters and the
//! facts (confirmed when, paid when) are the truth; status, totals and balance are computed from them, here and nowhere else.
//! Invariants: `cancelled + shipped ≤ quantity`, `delivered ≤ shipped`; `quantity` never changes; see [`Order::assert_sound`].

pub mod cancel;
pub mod confirm;
pub mod expire;
pub mod place;
mod status;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use status::{FulfillmentStatus, OrderStatus, PaymentSummary};

use crate::caller::Actor;
use crate::ids::{OrderId, RefundId};
use crate::payments::{Payment, PaymentStatus};
use crate::refunds::{Refund, RefundStatus};
use crate::shipments::{SHIPMENTS_MAX, Shipment};
use crate::text::{CustomerId, Metadata, Name, Note, Reference, Sku};
use crate::{Money, Timestamp};

/// The most cancellations in part of one order; the whole rest can always be cancelled.
pub const CANCELLATIONS_MAX: usize = 200;
/// The most lines that the cancellations in part of one order may have together, and its shipments in part.
pub const RECORDED_LINES_MAX: usize = 5_000;

/// An order with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The merchant's own id of it, unique for ever.
    pub reference: Option<Reference>,
    /// Whose it is, where known.
    pub customer_id: Option<CustomerId>,
    /// What was ordered, one line per SKU, in the order of asking.
    pub lines: Vec<OrderLine>,
    /// The total at placement.
    pub placed_total: Money,
    /// Where it goes.
    pub shipping_address: Option<Address>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// Whether placement also confirmed it.
    pub confirmed_at_placement: bool,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it was paid, or confirmed with nothing to pay.
    pub paid_at: Option<Timestamp>,
    /// How long its stock is held while it is unpaid.
    pub reserved_until: Timestamp,
    /// What was cancelled, oldest first.
    pub cancellations: Vec<Cancellation>,
    /// What has left, oldest first.
    pub shipments: Vec<Shipment>,
    /// Attempts to take money, oldest first.
    pub payments: Vec<Payment>,
    /// Money moved back, oldest first.
    pub refunds: Vec<Refund>,
    /// Raised by each change.
    pub version: u64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An item as it was ordered, and what has become of its units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The item.
    pub sku: Sku,
    /// Its name at placement.
    pub name: Name,
    /// Its price at placement.
    pub unit_price: Money,
    /// Units ordered; never changes.
    pub quantity: u32,
    /// Units taken back out.
    pub cancelled: u32,
    /// Units that left.
    pub shipped: u32,
    /// Units that arrived.
    pub delivered: u32,
    /// Units that came back.
    pub returned: u32,
}

/// Some units of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// The item.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
}

/// Why an order, or a part of it, was cancelled or refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer asked.
    Customer,
    /// The goods are not there.
    Inventory,
    /// It is not genuine.
    Fraud,
    /// It could not be paid.
    Declined,
    /// It was not paid in time.
    Expired,
    /// Anything else.
    Other,
}

/// A part, or the whole, taken back out of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Why.
    pub reason: CancelReason,
    /// In the words of whoever did it.
    pub note: Option<Note>,
    /// Which units, and what they cost.
    pub lines: Vec<CancelledUnits>,
    /// The refund made with it, where something had been paid.
    pub refund_id: Option<RefundId>,
}

/// Units cancelled together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledUnits {
    /// The item.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What they cost.
    pub amount: Money,
}

/// Where an order goes. Every part up to 200 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// To whom.
    pub name: Option<Name>,
    /// A firm.
    pub company: Option<Name>,
    /// Street and number.
    pub line1: Option<Name>,
    /// More of the street.
    pub line2: Option<Name>,
    /// Town.
    pub city: Option<Name>,
    /// State, province, county.
    pub region: Option<Name>,
    /// Postal code.
    pub postal_code: Option<Name>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<Name>,
    /// Telephone.
    pub phone: Option<Name>,
}

impl OrderLine {
    /// What the line cost at placement. Placement has checked that it fits.
    pub fn placed_total(&self) -> Money {
        self.unit_price.times(self.quantity).expect("checked at placement")
    }

    /// What its units not cancelled cost.
    pub fn total(&self) -> Money {
        self.placed_total().part(self.quantity, self.cancelled, self.quantity)
    }

    /// Units not cancelled.
    pub fn open(&self) -> u32 {
        self.quantity - self.cancelled
    }

    /// Units neither cancelled nor shipped: what the order holds in `reserved`.
    pub fn unshipped(&self) -> u32 {
        self.quantity - self.cancelled - self.shipped
    }
}

impl Order {
    /// The line of an item.
    pub fn line(&self, sku: &Sku) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.sku == *sku)
    }

    /// What its units not cancelled cost.
    pub fn total(&self) -> Money {
        sum(self.lines.iter().map(OrderLine::total))
    }

    /// What gateways took for it.
    pub fn paid_total(&self) -> Money {
        sum(self.payments.iter().filter(|p| p.status == PaymentStatus::Succeeded).map(|p| p.amount))
    }

    /// What was given back or is on its way back.
    pub fn refunded_total(&self) -> Money {
        sum(self.refunds.iter().filter(|r| r.status != RefundStatus::Failed).map(|r| r.amount))
    }

    /// What of the captured money has neither gone back nor is on its way back.
    pub fn refundable(&self) -> Money {
        self.paid_total().minus(self.refunded_total()).expect("refunds are at most what was paid")
    }

    /// What is still to be paid (negative: owed to the customer).
    pub fn balance_due(&self) -> Money {
        self.total().minus(self.refundable()).expect("both are within the range of money")
    }

    /// The attempt in progress.
    pub fn pending_payment(&self) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.status == PaymentStatus::Pending)
    }

    /// When its stock is free again unless it is paid; `None` once it is paid or cancelled.
    pub fn reservation_expires_at(&self) -> Option<Timestamp> {
        matches!(self.status(), OrderStatus::Created | OrderStatus::Confirmed).then_some(self.reserved_until)
    }

    /// When the expiry worker has to act; `None` also while a payment in progress pins the reservation.
    pub fn expiry_due_at(&self) -> Option<Timestamp> {
        self.reservation_expires_at().filter(|_| self.pending_payment().is_none())
    }

    /// The order as its placement answered it: everything after is left out. Placement's answer is kept nowhere else.
    #[must_use]
    pub fn as_placed(&self) -> Self {
        let lines = self.lines.iter().map(|line| OrderLine {
            cancelled: 0,
            shipped: 0,
            delivered: 0,
            returned: 0,
            ..line.clone()
        });
        let confirmed_at = self.confirmed_at_placement.then_some(self.created_at);
        Self {
            lines: lines.collect(),
            confirmed_at,
            paid_at: confirmed_at.filter(|_| self.placed_total == Money::ZERO),
            cancellations: Vec::new(),
            shipments: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            version: 1,
            updated_at: self.created_at,
            ..self.clone()
        }
    }

    /// A copy to change: one version on.
    pub(crate) fn next(&self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// Every invariant that one order alone can break.
    ///
    /// # Panics
    /// If one is broken: that is a bug, and going on would make it worse.
    pub fn assert_sound(&self) {
        assert!(self.breaches().is_empty(), "order {}: {:?}", self.id, self.breaches());
    }

    /// The broken invariants that this order alone shows, in words.
    pub fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        let mut check = |holds: bool, what: &str| {
            if !holds {
                breaches.push(what.to_owned());
            }
        };
        let mut sums = self.sums();
        for line in &self.lines {
            let parts = sums.remove(&line.sku).unwrap_or_default();
            let gone = u64::from(line.cancelled) + u64::from(line.shipped);
            if line.quantity == 0 || gone > u64::from(line.quantity) {
                // Whatever else there is to say about this line is computed from what these counters leave.
                check(false, "cancelled + shipped exceed the quantity");
                continue;
            }
            check(line.delivered <= line.shipped, "more delivered than shipped");
            check(line.returned <= line.shipped, "more returned than shipped");
            check(parts.shipped == u64::from(line.shipped), "shipped is not the sum of the shipments");
            check(parts.delivered == u64::from(line.delivered), "delivered is not the sum of the deliveries");
            check(
                parts.cancelled == u64::from(line.cancelled),
                "cancelled is not the sum of the cancellations",
            );
            let whole = sum([line.total(), parts.cancelled_amount]);
            check(whole == line.placed_total(), "the parts of a line do not add up to it");
        }
        check(sums.is_empty(), "a shipment or cancellation of an item that the order has no line of");
        check(
            sum(self.lines.iter().map(OrderLine::placed_total)) == self.placed_total,
            "lines do not add up to placed_total",
        );
        check(self.refunded_total() <= self.paid_total(), "more refunded than captured");
        let count = |status| self.payments.iter().filter(|p| p.status == status).count();
        check(count(PaymentStatus::Pending) <= 1, "more than one payment in progress");
        check(count(PaymentStatus::Succeeded) <= 1, "charged more than once");
        let shipped = self.lines.iter().any(|line| line.shipped > 0);
        check(!shipped || self.paid_at.is_some(), "shipped but not paid");
        check(self.paid_at.is_none() || self.confirmed_at.is_some(), "paid but not confirmed");
        breaches
    }
}

/// What the records of one item add up to.
#[derive(Default)]
struct Sums {
    shipped: u64,
    delivered: u64,
    cancelled: u64,
    cancelled_amount: Money,
}

impl Order {
    /// Adds the records up by item, in one pass: an order may have thousands.
    fn sums(&self) -> HashMap<&Sku, Sums> {
        let mut sums: HashMap<&Sku, Sums> = HashMap::new();
        for shipment in &self.shipments {
            for units in &shipment.lines {
                let entry = sums.entry(&units.sku).or_default();
                entry.shipped += u64::from(units.quantity);
                entry.delivered += shipment.delivered_at.map_or(0, |_| u64::from(units.quantity));
            }
        }
        for units in self.cancellations.iter().flat_map(|cancellation| &cancellation.lines) {
            let entry = sums.entry(&units.sku).or_default();
            entry.cancelled += u64::from(units.quantity);
            entry.cancelled_amount = sum([entry.cancelled_amount, units.amount]);
        }
        sums
    }

    /// Whether one more partial cancellation of so many lines is within the limits.
    pub(crate) fn may_record_cancellation(&self, lines: usize) -> bool {
        let records = self.cancellations.iter().map(|cancellation| cancellation.lines.len());
        self.cancellations.len() < CANCELLATIONS_MAX && records.sum::<usize>() + lines <= RECORDED_LINES_MAX
    }

    /// Whether one more partial shipment of so many lines is within the limits.
    pub(crate) fn may_record_shipment(&self, lines: usize) -> bool {
        let records = self.shipments.iter().map(|shipment| shipment.lines.len());
        self.shipments.len() < SHIPMENTS_MAX && records.sum::<usize>() + lines <= RECORDED_LINES_MAX
    }
}

/// Adds amounts of one order, which placement has bounded.
fn sum(amounts: impl IntoIterator<Item = Money>) -> Money {
    Money::sum(amounts).expect("an order's sums are bounded by its placed total")
}

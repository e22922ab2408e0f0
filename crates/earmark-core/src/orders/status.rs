//! Where does an order stand?
//!
//! Computed from the counters of its lines and its facts. Engines store copies of the status, but
//! only to search by them.

use super::{FulfillmentStatus, Order, OrderLine, OrderStatus, PaymentSummary};
use crate::payments::{Payment, PaymentStatus};
use crate::{Money, Timestamp};

impl OrderStatus {
    /// All states, in the order of an order's life.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Confirmed, Self::Paid, Self::Shipped, Self::Delivered, Self::Cancelled];

    /// The states that come next in the ordinary life of an order, which a refusal names. No
    /// command decides by it: a cancelled part, say, may lead from PAID to DELIVERED.
    pub fn allowed(self) -> &'static [Self] {
        match self {
            Self::Created => &[Self::Confirmed, Self::Cancelled],
            Self::Confirmed => &[Self::Paid, Self::Cancelled],
            Self::Paid => &[Self::Shipped, Self::Cancelled],
            Self::Shipped => &[Self::Delivered],
            Self::Delivered | Self::Cancelled => &[],
        }
    }

    /// The word that clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Confirmed => "CONFIRMED",
            Self::Paid => "PAID",
            Self::Shipped => "SHIPPED",
            Self::Delivered => "DELIVERED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

impl Order {
    fn units(&self, count: impl Fn(&OrderLine) -> u32) -> u64 {
        self.lines.iter().map(|line| u64::from(count(line))).sum()
    }

    /// The state of the order as a whole.
    pub fn status(&self) -> OrderStatus {
        let open = self.units(OrderLine::open);
        if open == 0 {
            OrderStatus::Cancelled
        } else if self.units(|line| line.delivered) == open {
            OrderStatus::Delivered
        } else if self.units(|line| line.shipped) == open {
            OrderStatus::Shipped
        } else if self.paid_at.is_some() {
            OrderStatus::Paid
        } else if self.confirmed_at.is_some() {
            OrderStatus::Confirmed
        } else {
            OrderStatus::Created
        }
    }

    /// What has become of the money.
    pub fn payment_summary(&self) -> PaymentSummary {
        let (paid, refunded) = (self.paid_total(), self.refunded_total());
        if self.pending_payment().is_some() {
            PaymentSummary::Pending
        } else if paid == Money::ZERO {
            if self.paid_at.is_some() { PaymentSummary::Paid } else { PaymentSummary::Unpaid }
        } else if refunded == Money::ZERO {
            PaymentSummary::Paid
        } else if refunded < paid {
            PaymentSummary::PartiallyRefunded
        } else {
            PaymentSummary::Refunded
        }
    }

    /// What has become of the goods.
    pub fn fulfillment_status(&self) -> FulfillmentStatus {
        let open = self.units(OrderLine::open);
        let shipped = self.units(|line| line.shipped);
        if shipped == 0 {
            FulfillmentStatus::Unfulfilled
        } else if self.units(|line| line.delivered) == open {
            FulfillmentStatus::Delivered
        } else if shipped == open {
            FulfillmentStatus::Fulfilled
        } else {
            FulfillmentStatus::Partial
        }
    }

    /// The payment in progress.
    pub fn pending_payment(&self) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.status == PaymentStatus::Pending)
    }

    /// When its stock is released unless it is paid; `None` once it is paid or cancelled.
    pub fn reservation_expires_at(&self) -> Option<Timestamp> {
        matches!(self.status(), OrderStatus::Created | OrderStatus::Confirmed).then_some(self.reserved_until)
    }

    /// When its reservation is to be expired; `None` also while a payment in progress pins it.
    pub fn expiry_due_at(&self) -> Option<Timestamp> {
        self.reservation_expires_at().filter(|_| self.pending_payment().is_none())
    }
}

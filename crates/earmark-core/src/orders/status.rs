//! Where does an order stand? Computed from the counters and facts; stored copies only serve to be searched by.

use serde::{Deserialize, Serialize};

use super::{Order, OrderLine};
use crate::Money;

/// The state of the order as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// Placed; its stock is reserved.
    Created,
    /// Agreed; may be paid.
    Confirmed,
    /// Paid, or nothing to pay; may be shipped.
    Paid,
    /// Every unit not cancelled has left.
    Shipped,
    /// Every unit not cancelled has arrived.
    Delivered,
    /// Nothing is left of it.
    Cancelled,
}

/// What has become of the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentSummary {
    /// None was taken.
    Unpaid,
    /// An attempt is in progress.
    Pending,
    /// It was taken.
    Paid,
    /// Some of it went back, or is on its way back.
    PartiallyRefunded,
    /// All of it went back, or is on its way back.
    Refunded,
}

/// What has become of the goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// None has left.
    Unfulfilled,
    /// Some have left.
    Partial,
    /// All have left.
    Fulfilled,
    /// All have arrived.
    Delivered,
}

impl OrderStatus {
    /// The states that can come next.
    pub fn allowed(self) -> &'static [Self] {
        match self {
            Self::Created => &[Self::Confirmed, Self::Cancelled],
            Self::Confirmed => &[Self::Paid, Self::Cancelled],
            Self::Paid => &[Self::Shipped, Self::Cancelled],
            Self::Shipped => &[Self::Delivered],
            Self::Delivered | Self::Cancelled => &[],
        }
    }

    /// All states, in the order of an order's life.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Confirmed, Self::Paid, Self::Shipped, Self::Delivered, Self::Cancelled];

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
}

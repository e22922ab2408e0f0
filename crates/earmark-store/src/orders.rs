//! Which orders does a filter let through, and between which ids can they be? The same in every engine, so that none lists otherwise.

use earmark_core::ids::OrderId;
use earmark_core::orders::Order;
use earmark_core::{Span, Timestamp};

use crate::OrderFilter;

/// How far the time within an id may be from `created_at`: it is made at the edge, by whichever clock is there.
const SLACK_SECONDS: u32 = 3600;

impl OrderFilter {
    /// Whether all conditions hold for this order, but for its place in the list.
    pub fn lets_through(&self, order: &Order) -> bool {
        let holds = |condition: Option<bool>| condition.unwrap_or(true);
        holds(self.customer_id.as_ref().map(|id| order.customer_id.as_ref() == Some(id)))
            && holds(self.status.map(|status| order.status() == status))
            && holds(self.sku.as_ref().map(|sku| order.line(sku).is_some()))
            && holds(self.reference.as_ref().map(|reference| order.reference.as_ref() == Some(reference)))
            && holds(self.created_after.map(|at| order.created_at > at))
            && holds(self.created_before.map(|at| order.created_at < at))
    }

    /// The lowest and the highest id that can match; no highest: none can.
    pub fn bounds(&self) -> (OrderId, Option<OrderId>) {
        let slack = Span::from_seconds(SLACK_SECONDS);
        let lowest = self.created_after.map_or(OrderId(0), |at| first_id(at.before(slack)));
        let by_time = self.created_before.map_or(OrderId(u128::MAX), |at| first_id(at.after(slack)));
        let highest = match self.before {
            Some(before) => before.0.checked_sub(1).map(|id| OrderId(id).min(by_time)),
            None => Some(by_time),
        };
        (lowest, highest)
    }
}

/// The first id that a time can have.
fn first_id(at: Timestamp) -> OrderId {
    let millis = u128::try_from(at.0.max(0) / 1000).unwrap_or(0);
    OrderId(millis.min(0xFFFF_FFFF_FFFF) << 80)
}

//! Which units of which lines does a cancellation or a shipment mean?
//!
//! Both name units by SKU, or mean all that is left. Here the named units find their lines, units
//! of one SKU are added up, and the parts of one order are kept from growing without limit: the
//! whole rest can always be taken, a further part only while there are few.

use super::{CANCELLATIONS_MAX, Order, RECORDED_LINES_MAX};
use crate::rejection::{Rejection, Result};
use crate::shipments::SHIPMENTS_MAX;
use crate::units::Units;

/// Some units of one line of an order.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// The place of the line among the lines of its order.
    pub(crate) line: usize,
    pub(crate) quantity: u32,
}

/// All units that are neither cancelled nor shipped.
pub(crate) fn rest(order: &Order) -> Vec<Part> {
    let parts = order.lines.iter().enumerate().map(|(line, row)| Part { line, quantity: row.unshipped() });
    parts.filter(|part| part.quantity > 0).collect()
}

/// The parts of these units, those of one SKU added up. Whether so many are left is not checked.
pub(crate) fn named(order: &Order, lines: &[Units]) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for (index, units) in lines.iter().enumerate() {
        let Some(line) = order.lines.iter().position(|line| line.sku == units.sku) else {
            let detail = format!("the order has no line of {}", units.sku);
            return Err(Rejection::invalid(format!("/lines/{index}/sku"), detail));
        };
        if units.quantity == 0 {
            return Err(Rejection::invalid(format!("/lines/{index}/quantity"), "at least 1 unit"));
        }
        match parts.iter_mut().find(|part| part.line == line) {
            Some(part) => part.quantity = part.quantity.saturating_add(units.quantity),
            None => parts.push(Part { line, quantity: units.quantity }),
        }
    }
    if parts.is_empty() { Err(Rejection::invalid("/lines", "at least one line")) } else { Ok(parts) }
}

/// The first part that means more units than are left of its line.
pub(crate) fn exceeding(order: &Order, parts: &[Part]) -> Option<Part> {
    parts.iter().find(|part| part.quantity > order.lines[part.line].unshipped()).copied()
}

/// Whether one more cancellation of these parts may be recorded.
pub(crate) fn may_cancel(order: &Order, parts: &[Part]) -> bool {
    let records = order.cancellations.iter().map(|cancellation| cancellation.lines.len());
    let few = order.cancellations.len() < CANCELLATIONS_MAX;
    is_rest(order, parts) || (few && records.sum::<usize>() + parts.len() <= RECORDED_LINES_MAX)
}

/// Whether one more shipment of these parts may be recorded.
pub(crate) fn may_ship(order: &Order, parts: &[Part]) -> bool {
    let records = order.shipments.iter().map(|shipment| shipment.lines.len());
    let few = order.shipments.len() < SHIPMENTS_MAX;
    is_rest(order, parts) || (few && records.sum::<usize>() + parts.len() <= RECORDED_LINES_MAX)
}

fn is_rest(order: &Order, parts: &[Part]) -> bool {
    let rest: u64 = order.lines.iter().map(|line| u64::from(line.unshipped())).sum();
    parts.iter().map(|part| u64::from(part.quantity)).sum::<u64>() == rest
}

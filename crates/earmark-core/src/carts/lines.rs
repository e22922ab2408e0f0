//! Adds to, sets and removes the lines of a cart.
//!
//! A line is not raised beyond what is available. Lowering always works, so that a customer can
//! always get out of a cart that cannot be ordered any more.

use serde::{Deserialize, Serialize};

use super::{Cart, CartLine, LINES_MAX, PricedCart, QUANTITY_MAX};
use crate::ids::CartId;
use crate::items::StockedItem;
use crate::text::Sku;
use crate::{
    Caller, Changes, Decision, Keys, Outcome, Rejection, Result, Shortage, Span, Timestamp, WorkingSet,
};

/// Change one line of a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCartLine {
    pub cart_id: CartId,
    pub change: LineChange,
    /// How long the cart lives from now on without a further change.
    pub ttl: Span,
}

/// A change of one line. Quantities are at least 1. `Add` adds to the units that are there, `Set`
/// replaces them; both add a line that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineChange {
    Add { sku: Sku, quantity: u32 },
    Set { sku: Sku, quantity: u32 },
    Remove { sku: Sku },
}

impl LineChange {
    fn sku(&self) -> &Sku {
        match self {
            Self::Add { sku, .. } | Self::Set { sku, .. } | Self::Remove { sku } => sku,
        }
    }
}

impl ChangeCartLine {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_item(rows, self.change.sku());
        keys.need_cart_with_items(rows, self.cart_id);
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let cart = rows.reachable_cart(self.cart_id, &caller.access)?;
        let sku = self.change.sku();
        let position = cart.lines.iter().position(|line| line.sku == *sku);
        let held = position.map_or(0, |position| cart.lines[position].quantity);
        let wanted = self.wanted(held, position)?;
        if wanted > held {
            check_raise(cart, rows, sku, wanted)?;
        }
        // Refusals end here, but for a total out of range.
        let mut cart = Cart::clone(cart);
        match (position, wanted) {
            (Some(position), 0) => drop(cart.lines.remove(position)),
            (Some(position), quantity) => cart.lines[position].quantity = quantity,
            (None, quantity) => cart.lines.push(CartLine { sku: sku.clone(), quantity }),
        }
        cart.touch(self.ttl, now);
        let priced = priced(&cart, rows);
        // Lowering always works, even if prices have risen beyond what can be added up.
        if wanted > held && priced.total().is_err() {
            return Err(Rejection::invalid("/quantity", "the cart's total would exceed the largest amount"));
        }
        Ok(Decision {
            outcome: Outcome::Cart(priced),
            changes: Changes { carts: vec![cart], ..Changes::default() },
        })
    }

    /// Units of the line afterwards.
    fn wanted(&self, held: u32, position: Option<usize>) -> Result<u32> {
        let wanted = match self.change {
            LineChange::Remove { .. } if position.is_none() => return Err(Rejection::NotFound),
            LineChange::Remove { .. } => return Ok(0),
            LineChange::Add { quantity, .. } => u64::from(held) + u64::from(quantity),
            LineChange::Set { quantity, .. } => u64::from(quantity),
        };
        let zero =
            matches!(self.change, LineChange::Add { quantity: 0, .. } | LineChange::Set { quantity: 0, .. });
        match u32::try_from(wanted) {
            Ok(wanted) if !zero && wanted <= QUANTITY_MAX => Ok(wanted),
            _ => Err(Rejection::invalid("/quantity", format!("a line holds 1 to {QUANTITY_MAX} units"))),
        }
    }
}

/// Refuses to raise a line to what could not be ordered.
fn check_raise(cart: &Cart, rows: &WorkingSet, sku: &Sku, wanted: u32) -> Result<()> {
    let (Some(item), Some(stock)) = (rows.items.find(sku), rows.stocks.find(sku)) else {
        return Err(Rejection::invalid("/sku", format!("there is no item {sku}")));
    };
    if cart.lines.len() >= LINES_MAX && !cart.lines.iter().any(|line| line.sku == *sku) {
        return Err(Rejection::invalid("/sku", format!("a cart has at most {LINES_MAX} lines")));
    }
    if !item.active {
        return Err(Rejection::ItemInactive { skus: vec![sku.clone()] });
    }
    if wanted > stock.available() {
        let shortage = Shortage { sku: sku.clone(), requested: wanted.into(), available: stock.available() };
        return Err(Rejection::InsufficientStock { shortages: vec![shortage] });
    }
    Ok(())
}

/// The cart with its items as they are now. Items are never deleted, so each line has one.
fn priced(cart: &Cart, rows: &WorkingSet) -> PricedCart {
    let item = |line: &CartLine| StockedItem {
        item: rows.items.find(&line.sku).expect("an item is never deleted").as_ref().clone(),
        stock: rows.stock_of(&line.sku).clone(),
    };
    PricedCart { cart: cart.clone(), items: cart.lines.iter().map(item).collect() }
}

//! Places an order, all of it or nothing: checks every line, fixes its price, reserves its stock,
//! and takes the ordered lines out of the cart.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Address, Order, OrderLine};
use crate::carts::{Cart, CartLine, LINES_MAX, QUANTITY_MAX};
use crate::event::{EventDraft, Fact};
use crate::ids::{CartId, OrderId};
use crate::items::Stock;
use crate::pricing;
use crate::text::{CustomerId, Metadata, Reference, Sku};
use crate::units::Units;
use crate::{Caller, Decision, Keys, Money, Rejection, Result, Shortage, Span, Timestamp, WorkingSet};

/// Place an order of lines of a cart or of lines that the command names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    pub id: OrderId,
    pub source: Source,
    /// The total that the client has shown; another total is refused.
    pub expected_total: Option<Money>,
    pub confirm: Confirm,
    /// The merchant's own id of the order.
    pub reference: Option<Reference>,
    pub shipping_address: Option<Address>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// How long its stock is reserved while it is unpaid.
    pub reservation_ttl: Span,
}

/// Where the lines of an order come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A cart; the ordered lines leave it.
    Cart {
        cart_id: CartId,
        /// The lines to order; `None` for all.
        skus: Option<Vec<Sku>>,
    },
    Lines {
        /// At least one; those of one SKU are added up.
        lines: Vec<Units>,
        /// The owner of the order. A customer's order is its own, named or not.
        customer_id: Option<CustomerId>,
    },
}

/// When an order is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirm {
    Now,
    /// By a command of its own.
    Later,
}

/// The units of one SKU that are wanted, and where they stand in the request's body.
struct WantedLine {
    sku: Sku,
    quantity: u32,
    pointer: String,
}

impl PlaceOrder {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        if let Some(reference) = &self.reference {
            keys.need_reference(rows, reference);
        }
        match &self.source {
            Source::Lines { lines, .. } => lines.iter().for_each(|line| keys.need_item(rows, &line.sku)),
            Source::Cart { cart_id, .. } => keys.need_cart_with_items(rows, *cart_id),
        }
    }

    /// The version of the cart, if the order is placed from one.
    pub(crate) fn version(&self, rows: &WorkingSet) -> Option<u64> {
        match &self.source {
            Source::Cart { cart_id, .. } => rows.carts.find(cart_id).map(|cart| cart.version),
            Source::Lines { .. } => None,
        }
    }

    pub(crate) fn decide(&self, caller: &Caller, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        let cart = self.cart(caller, rows)?;
        let customer_id = match (&self.source, &cart) {
            (Source::Lines { customer_id, .. }, _) => caller.access.owner(customer_id.as_ref())?,
            (Source::Cart { .. }, cart) => cart.as_ref().and_then(|cart| cart.customer_id.clone()),
        };
        let wanted = self.wanted(cart.as_ref())?;
        self.check_reference(rows)?;
        // Only after the reference: an earlier order from this cart under the same reference may be
        // what emptied it, and then the client is to hear of that order.
        if wanted.is_empty() {
            return Err(Rejection::CartEmpty);
        }
        let lines = order_lines(&wanted, rows)?;
        let total = self.total(&lines)?;
        let stocks = reserve(&wanted, rows, now)?;
        // Refusals end here.
        let confirmed_at = (self.confirm == Confirm::Now).then_some(now);
        let paid_at = confirmed_at.filter(|_| total == Money::ZERO);
        let order = Order {
            id: self.id,
            reference: self.reference.clone(),
            customer_id,
            lines,
            placed_total: total,
            shipping_address: self.shipping_address.clone(),
            metadata: self.metadata.clone(),
            confirmed_at_placement: confirmed_at.is_some(),
            confirmed_at,
            paid_at,
            reserved_until: now.after(self.reservation_ttl),
            cancellations: Vec::new(),
            shipments: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let mut events = vec![EventDraft::order(self.id, Fact::OrderCreated)];
        events.extend(confirmed_at.map(|_| EventDraft::order(self.id, Fact::OrderConfirmed)));
        events.extend(paid_at.map(|_| EventDraft::order(self.id, Fact::OrderPaid { payment_id: None })));
        let mut decision = Decision::order(order, stocks, events);
        decision.changes.carts = cart.map(|cart| without(cart, &wanted, now)).into_iter().collect();
        Ok(decision)
    }

    fn cart(&self, caller: &Caller, rows: &WorkingSet) -> Result<Option<Cart>> {
        let Source::Cart { cart_id, .. } = &self.source else { return Ok(None) };
        rows.reachable_cart(*cart_id, &caller.access).map(|cart| Some(Cart::clone(cart)))
    }

    fn check_reference(&self, rows: &WorkingSet) -> Result<()> {
        match self.reference.as_ref().and_then(|reference| rows.references.find(reference)) {
            Some(order_id) => Err(Rejection::AlreadyExists { order_id: **order_id }),
            None => Ok(()),
        }
    }

    fn wanted(&self, cart: Option<&Cart>) -> Result<Vec<WantedLine>> {
        match (&self.source, cart) {
            (Source::Lines { lines, .. }, _) => added_up(lines),
            (Source::Cart { skus: None, .. }, Some(cart)) => {
                Ok(cart.lines.iter().map(|line| WantedLine::of_cart(line, "/cart_id")).collect())
            }
            (Source::Cart { skus: Some(skus), .. }, Some(cart)) => {
                let in_cart = |sku: &Sku| cart.lines.iter().any(|line| line.sku == *sku);
                if let Some(missing) = skus.iter().position(|sku| !in_cart(sku)) {
                    let detail = format!("{} is not in the cart", skus[missing]);
                    return Err(Rejection::invalid(format!("/skus/{missing}"), detail));
                }
                let named = cart.lines.iter().filter(|line| skus.contains(&line.sku));
                Ok(named.map(|line| WantedLine::of_cart(line, "/skus")).collect())
            }
            (Source::Cart { .. }, None) => unreachable!("a cart that is not there was refused"),
        }
    }

    fn total(&self, lines: &[OrderLine]) -> Result<Money> {
        let total = pricing::total(lines.iter().map(OrderLine::price))
            .map_err(|_| Rejection::invalid("/lines", "the order's total would exceed the largest amount"))?;
        match self.expected_total {
            Some(expected_total) if expected_total != total => {
                Err(Rejection::PriceChanged { expected_total, total })
            }
            _ => Ok(total),
        }
    }
}

impl WantedLine {
    fn of_cart(line: &CartLine, pointer: &str) -> Self {
        Self { sku: line.sku.clone(), quantity: line.quantity, pointer: pointer.to_owned() }
    }
}

/// Adds up the lines of one SKU.
fn added_up(lines: &[Units]) -> Result<Vec<WantedLine>> {
    if lines.len() > LINES_MAX {
        return Err(Rejection::invalid("/lines", format!("an order has at most {LINES_MAX} lines")));
    }
    if lines.is_empty() {
        return Err(Rejection::invalid("/lines", "an order has at least one line"));
    }
    let mut wanted: Vec<WantedLine> = Vec::with_capacity(lines.len());
    let mut places: HashMap<&Sku, usize> = HashMap::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let place = *places.entry(&line.sku).or_insert_with(|| {
            let pointer = format!("/lines/{index}/sku");
            wanted.push(WantedLine { sku: line.sku.clone(), quantity: 0, pointer });
            wanted.len() - 1
        });
        let sum = wanted[place].quantity.saturating_add(line.quantity);
        if line.quantity == 0 || sum > QUANTITY_MAX {
            let detail = format!("a line has 1 to {QUANTITY_MAX} units");
            return Err(Rejection::invalid(format!("/lines/{index}/quantity"), detail));
        }
        wanted[place].quantity = sum;
    }
    Ok(wanted)
}

/// The lines of the order at today's prices.
fn order_lines(wanted: &[WantedLine], rows: &WorkingSet) -> Result<Vec<OrderLine>> {
    let mut inactive = Vec::new();
    let mut lines = Vec::with_capacity(wanted.len());
    for WantedLine { sku, quantity, pointer } in wanted {
        let Some(item) = rows.items.find(sku) else {
            return Err(Rejection::invalid(pointer.clone(), format!("there is no item {sku}")));
        };
        if !item.active {
            inactive.push(sku.clone());
        }
        lines.push(OrderLine {
            sku: sku.clone(),
            name: item.name.clone(),
            unit_price: item.unit_price,
            quantity: *quantity,
            cancelled: 0,
            shipped: 0,
            delivered: 0,
            returned: 0,
        });
    }
    if inactive.is_empty() { Ok(lines) } else { Err(Rejection::ItemInactive { skus: inactive }) }
}

/// The stock with every line reserved, or all shortages at once.
fn reserve(wanted: &[WantedLine], rows: &WorkingSet, now: Timestamp) -> Result<Vec<Stock>> {
    let mut shortages = Vec::new();
    let mut stocks = Vec::with_capacity(wanted.len());
    for line in wanted {
        let stock = rows.stock_of(&line.sku);
        if line.quantity > stock.available() {
            let (sku, available) = (line.sku.clone(), stock.available());
            shortages.push(Shortage { sku, requested: line.quantity.into(), available });
        } else {
            stocks.push(stock.moved(0, line.quantity.into(), now));
        }
    }
    if shortages.is_empty() { Ok(stocks) } else { Err(Rejection::InsufficientStock { shortages }) }
}

/// The cart without the lines that were ordered from it.
fn without(mut cart: Cart, ordered: &[WantedLine], now: Timestamp) -> Cart {
    cart.lines.retain(|line| !ordered.iter().any(|wanted| wanted.sku == line.sku));
    cart.version += 1;
    cart.updated_at = now;
    cart
}

//! Places an order: all of it or nothing. Checks every line, reserves the stock, fixes the prices, empties the cart.

use serde::{Deserialize, Serialize};

use super::{Address, Order, OrderLine, Units};
use crate::caller::Caller;
use crate::carts::{self, Cart, LINES_MAX, QUANTITY_MAX};
use crate::changes::{Changes, Decision, EventDraft};
use crate::event::Fact;
use crate::ids::{CartId, OrderId};
use crate::items::Stock;
use crate::outcome::Outcome;
use crate::text::{CustomerId, Metadata, Reference, Sku};
use crate::working_set::{Keys, WorkingSet};
use crate::{Money, Rejection, Shortage, Span, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Place an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// The id of the order to be.
    pub id: OrderId,
    /// What is ordered, and by whom.
    pub source: Source,
    /// The total that the client has seen.
    pub expected_total: Option<Money>,
    /// Whether to confirm it too.
    pub confirm: Confirm,
    /// The merchant's own id of it.
    pub reference: Option<Reference>,
    /// Where it goes.
    pub shipping_address: Option<Address>,
    /// The merchant's own pairs.
    pub metadata: Metadata,
    /// How long its stock is held while it is unpaid.
    pub reservation_ttl: Span,
}

/// Where the lines come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A cart, or those of its lines that are named; they leave it.
    Cart {
        /// Which.
        cart_id: CartId,
        /// Which lines; `None` for all.
        skus: Option<Vec<Sku>>,
    },
    /// The request itself.
    Lines {
        /// At least one; those of one SKU are added up.
        lines: Vec<Units>,
        /// Whose it is; a customer's own where a customer asks.
        customer_id: Option<CustomerId>,
    },
}

/// When an order is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirm {
    /// With its placement.
    Now,
    /// By a command of its own.
    Later,
}

/// What is asked for, one entry per SKU, and where in the request it stands.
struct Wish {
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
            Source::Cart { cart_id, .. } if !rows.carts.knows(cart_id) => keys.need_cart(rows, *cart_id),
            Source::Cart { cart_id, .. } => {
                let lines = rows.carts.find(cart_id).map_or(&[][..], |cart| &cart.lines);
                lines.iter().for_each(|line| keys.need_item(rows, &line.sku));
            }
        }
    }

    pub(crate) fn version(&self, rows: &WorkingSet) -> Option<u64> {
        match &self.source {
            Source::Cart { cart_id, .. } => rows.carts.find(cart_id).map(|cart| cart.version),
            Source::Lines { .. } => None,
        }
    }

    pub(crate) fn decide(
        &self,
        caller: &Caller,
        rows: &WorkingSet,
        now: Timestamp,
    ) -> Result<Decision, Rejection> {
        let cart = self.cart(caller, rows)?;
        let customer_id = match (&self.source, &cart) {
            (Source::Lines { customer_id, .. }, _) => caller.access.owner(customer_id.as_ref())?,
            (Source::Cart { .. }, cart) => cart.as_ref().and_then(|cart| cart.customer_id.clone()),
        };
        let wishes = self.wishes(cart.as_ref())?;
        self.check_reference(rows)?;
        // Only now: an order placed from this cart under this reference before may be what emptied it.
        if wishes.is_empty() {
            return Err(Rejection::CartEmpty);
        }
        let lines = price(&wishes, rows)?;
        let total = lines
            .iter()
            .try_fold(Money::ZERO, |sum, line| sum.plus(line.unit_price.times(line.quantity)?))
            .map_err(|_| Rejection::invalid("/lines", "the order's total would exceed the largest amount"))?;
        match self.expected_total {
            Some(expected_total) if expected_total != total => {
                return Err(Rejection::PriceChanged { expected_total, total });
            }
            _ => {}
        }
        let stocks = reserve(&wishes, rows, now)?;
        // Refusals end here.
        let confirmed_at = (self.confirm == Confirm::Now).then_some(now);
        let paid_at = confirmed_at.filter(|_| total == Money::ZERO);
        let order = Arc::new(Order {
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
        });
        let mut events = vec![EventDraft::order(self.id, Fact::OrderCreated)];
        events.extend(confirmed_at.map(|_| EventDraft::order(self.id, Fact::OrderConfirmed)));
        events.extend(paid_at.map(|_| EventDraft::order(self.id, Fact::OrderPaid { payment_id: None })));
        let carts = cart.map(|cart| without(cart, &wishes, now)).into_iter().collect();
        let changes =
            Changes { stocks, carts, orders: vec![Arc::clone(&order)], events, ..Changes::default() };
        Ok(Decision { outcome: Outcome::Order(order), changes })
    }

    fn cart(&self, caller: &Caller, rows: &WorkingSet) -> Result<Option<Cart>, Rejection> {
        let Source::Cart { cart_id, .. } = &self.source else { return Ok(None) };
        carts::reachable(rows, *cart_id, &caller.access).map(|cart| Some(Cart::clone(cart)))
    }

    fn check_reference(&self, rows: &WorkingSet) -> Result<(), Rejection> {
        match self.reference.as_ref().and_then(|reference| rows.references.find(reference)) {
            Some(order_id) => Err(Rejection::AlreadyExists { order_id: **order_id }),
            None => Ok(()),
        }
    }

    fn wishes(&self, cart: Option<&Cart>) -> Result<Vec<Wish>, Rejection> {
        let wish = |sku: &Sku, quantity, pointer| Wish { sku: sku.clone(), quantity, pointer };
        let wishes = match (&self.source, cart) {
            (Source::Lines { lines, .. }, _) => merge(lines)?,
            (Source::Cart { skus: None, .. }, Some(cart)) => {
                cart.lines.iter().map(|line| wish(&line.sku, line.quantity, "/cart_id".into())).collect()
            }
            (Source::Cart { skus: Some(skus), .. }, Some(cart)) => {
                if let Some(stranger) =
                    skus.iter().position(|sku| !cart.lines.iter().any(|line| line.sku == *sku))
                {
                    let detail = format!("{} is not in the cart", skus[stranger]);
                    return Err(Rejection::invalid(format!("/skus/{stranger}"), detail));
                }
                let named = cart.lines.iter().filter(|line| skus.contains(&line.sku));
                named.map(|line| wish(&line.sku, line.quantity, "/skus".into())).collect()
            }
            (Source::Cart { .. }, None) => unreachable!("a cart that is not there was refused"),
        };
        match self.source {
            Source::Lines { .. } if wishes.is_empty() => {
                Err(Rejection::invalid("/lines", "an order has at least one line"))
            }
            Source::Lines { .. } | Source::Cart { .. } => Ok(wishes),
        }
    }
}

/// Adds up the lines of one SKU.
fn merge(lines: &[Units]) -> Result<Vec<Wish>, Rejection> {
    if lines.len() > LINES_MAX {
        return Err(Rejection::invalid("/lines", format!("an order has at most {LINES_MAX} lines")));
    }
    let mut wishes: Vec<Wish> = Vec::with_capacity(lines.len());
    let mut places: HashMap<&Sku, usize> = HashMap::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let place = *places.entry(&line.sku).or_insert_with(|| {
            wishes.push(Wish { sku: line.sku.clone(), quantity: 0, pointer: format!("/lines/{index}/sku") });
            wishes.len() - 1
        });
        let sum = wishes[place].quantity.saturating_add(line.quantity);
        if line.quantity == 0 || sum > QUANTITY_MAX {
            let detail = format!("a line has 1 to {QUANTITY_MAX} units");
            return Err(Rejection::invalid(format!("/lines/{index}/quantity"), detail));
        }
        wishes[place].quantity = sum;
    }
    Ok(wishes)
}

/// The lines at today's prices.
fn price(wishes: &[Wish], rows: &WorkingSet) -> Result<Vec<OrderLine>, Rejection> {
    let mut inactive = Vec::new();
    let mut lines = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let Some(item) = rows.items.find(&wish.sku) else {
            return Err(Rejection::invalid(wish.pointer.clone(), format!("there is no item {}", wish.sku)));
        };
        if !item.active {
            inactive.push(wish.sku.clone());
        }
        lines.push(OrderLine {
            sku: wish.sku.clone(),
            name: item.name.clone(),
            unit_price: item.unit_price,
            quantity: wish.quantity,
            cancelled: 0,
            shipped: 0,
            delivered: 0,
            returned: 0,
        });
    }
    if inactive.is_empty() { Ok(lines) } else { Err(Rejection::ItemInactive { skus: inactive }) }
}

/// The stock with every line reserved, or all shortages at once.
fn reserve(wishes: &[Wish], rows: &WorkingSet, now: Timestamp) -> Result<Vec<Stock>, Rejection> {
    let mut shortages = Vec::new();
    let mut stocks = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let stock = rows.stocks.find(&wish.sku).expect("an item has its stock");
        if wish.quantity > stock.available() {
            let (sku, available) = (wish.sku.clone(), stock.available());
            shortages.push(Shortage { sku, requested: wish.quantity.into(), available });
        } else {
            stocks.push(stock.moved(0, wish.quantity.into(), now));
        }
    }
    if shortages.is_empty() { Ok(stocks) } else { Err(Rejection::InsufficientStock { shortages }) }
}

/// The cart without what was ordered from it.
fn without(mut cart: Cart, wishes: &[Wish], now: Timestamp) -> Cart {
    cart.lines.retain(|line| !wishes.iter().any(|wish| wish.sku == line.sku));
    cart.version += 1;
    cart.updated_at = now;
    cart
}

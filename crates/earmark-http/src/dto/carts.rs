//! How does a cart look to clients? With the prices and the availability of the moment, since a
//! cart reserves nothing.

use earmark_core::carts::PricedCart;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{
    Amount, CartIdText, Count, CurrencyText, CustomerIdText, LineProblemWord, MetadataMap, NameText,
    Quantity, SkuText, Version,
};
use crate::state::App;
use crate::time::Time;

/// What a shopper wants. It holds nothing back: stock is reserved when the order is created.
#[derive(Serialize, ToSchema)]
#[schema(as = Cart)]
pub(crate) struct CartBody<'a> {
    id: CartIdText,
    customer_id: Option<CustomerIdText<'a>>,
    currency: CurrencyText<'a>,
    #[schema(max_items = 500)]
    lines: Vec<CartLineBody<'a>>,
    /// What the cart costs today; null where prices have risen beyond what a total can hold.
    total: Option<Amount>,
    metadata: MetadataMap<'a>,
    version: Version,
    created_at: Time,
    updated_at: Time,
    /// When it is deleted unless it changes before.
    expires_at: Time,
}

/// Some units of an item in a cart.
#[derive(Serialize, ToSchema)]
#[schema(as = CartLine)]
pub(crate) struct CartLineBody<'a> {
    sku: SkuText<'a>,
    name: NameText<'a>,
    quantity: Quantity,
    unit_price: Amount,
    /// What the line costs today; null where the price has risen beyond what a total can hold.
    total: Option<Amount>,
    /// Units that can be ordered now, by anyone.
    available: Count,
    /// Why the line could not be ordered now; null where it could.
    problem: Option<LineProblemWord>,
}

impl<'a> CartBody<'a> {
    /// The cart as it is shown now.
    pub(crate) fn new(app: &'a App, priced: &'a PricedCart) -> Self {
        let cart = &priced.cart;
        let line = |index: usize| {
            let item = &priced.items[index];
            CartLineBody {
                sku: SkuText(&cart.lines[index].sku),
                name: NameText(&item.item.name),
                quantity: Quantity(cart.lines[index].quantity),
                unit_price: Amount(item.item.unit_price),
                total: priced.line_total(index).ok().map(Amount),
                available: Count(item.stock.available()),
                problem: priced.problem(index).map(LineProblemWord),
            }
        };
        Self {
            id: CartIdText(cart.id),
            customer_id: cart.customer_id.as_ref().map(CustomerIdText),
            currency: CurrencyText(app.config.currency.as_str()),
            lines: (0..cart.lines.len()).map(line).collect(),
            total: priced.total().ok().map(Amount),
            metadata: MetadataMap(&cart.metadata),
            version: Version(cart.version),
            created_at: Time(cart.created_at),
            updated_at: Time(cart.updated_at),
            expires_at: Time(cart.expires_at),
        }
    }
}

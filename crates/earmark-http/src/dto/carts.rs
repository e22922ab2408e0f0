//! How does a cart look to clients? With the prices and the availability of the moment, since a
//! cart reserves nothing.

use earmark_core::Money;
use earmark_core::carts::{LineProblem, PricedCart};
use earmark_core::ids::CartId;
use earmark_core::text::{CustomerId, Metadata, Name, Sku};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use crate::state::App;
use crate::time::Time;

/// What a shopper wants. It holds nothing back: stock is reserved when the order is created.
#[derive(Serialize, ToSchema)]
#[schema(as = Cart)]
pub(crate) struct CartBody<'a> {
    #[schema(value_type = schemas::CartIdText)]
    id: CartId,
    #[schema(value_type = Option<schemas::CustomerIdText>)]
    customer_id: Option<&'a CustomerId>,
    #[schema(value_type = schemas::CurrencyText)]
    currency: &'a str,
    #[schema(max_items = 500)]
    lines: Vec<CartLineBody<'a>>,
    /// What the cart costs today; null where prices have risen beyond what a total can hold.
    #[schema(value_type = Option<schemas::Amount>)]
    total: Option<i64>,
    #[schema(value_type = schemas::MetadataMap)]
    metadata: &'a Metadata,
    #[schema(value_type = schemas::Version)]
    version: u64,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
    #[schema(value_type = schemas::TimeText)]
    updated_at: Time,
    /// When it is deleted unless it changes before.
    #[schema(value_type = schemas::TimeText)]
    expires_at: Time,
}

/// Some units of an item in a cart.
#[derive(Serialize, ToSchema)]
#[schema(as = CartLine)]
pub(crate) struct CartLineBody<'a> {
    #[schema(value_type = schemas::SkuText)]
    sku: &'a Sku,
    #[schema(value_type = schemas::NameText)]
    name: &'a Name,
    #[schema(value_type = schemas::Quantity)]
    quantity: u32,
    #[schema(value_type = schemas::Amount)]
    unit_price: i64,
    /// What the line costs today; null where the price has risen beyond what a total can hold.
    #[schema(value_type = Option<schemas::Amount>)]
    total: Option<i64>,
    /// Units that can be ordered now, by anyone.
    #[schema(value_type = schemas::Count)]
    available: u32,
    /// Why the line could not be ordered now; null where it could.
    #[schema(value_type = Option<schemas::LineProblemWord>)]
    problem: Option<LineProblem>,
}

impl<'a> CartBody<'a> {
    /// The cart as it is shown now.
    pub(crate) fn new(app: &'a App, priced: &'a PricedCart) -> Self {
        let cart = &priced.cart;
        let line = |index: usize| {
            let item = &priced.items[index];
            CartLineBody {
                sku: &cart.lines[index].sku,
                name: &item.item.name,
                quantity: cart.lines[index].quantity,
                unit_price: item.item.unit_price.minor(),
                total: priced.line_total(index).ok().map(Money::minor),
                available: item.stock.available(),
                problem: priced.problem(index),
            }
        };
        Self {
            id: cart.id,
            customer_id: cart.customer_id.as_ref(),
            currency: app.config.currency.as_str(),
            lines: (0..cart.lines.len()).map(line).collect(),
            total: priced.total().ok().map(Money::minor),
            metadata: &cart.metadata,
            version: cart.version,
            created_at: Time(cart.created_at),
            updated_at: Time(cart.updated_at),
            expires_at: Time(cart.expires_at),
        }
    }
}

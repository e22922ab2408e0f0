//! How does an item look to clients? Its description and its counters, as one resource.

use earmark_core::items::StockedItem;
use earmark_core::text::{Description, Metadata, Name, Sku, Url};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{self, Amount, Count, Version};
use crate::state::App;
use crate::time::Time;

/// Something that is sold.
#[derive(Serialize, ToSchema)]
#[schema(as = Item)]
pub(crate) struct ItemBody<'a> {
    /// The merchant's own name of it.
    #[schema(value_type = schemas::SkuText)]
    sku: &'a Sku,
    #[doc = "Shown to people."]
    #[schema(value_type = schemas::NameText)]
    name: &'a Name,
    #[doc = "Shown to people."]
    #[schema(value_type = Option<schemas::DescriptionText>)]
    description: Option<&'a Description>,
    /// The price of one unit.
    unit_price: Amount,
    #[schema(value_type = schemas::CurrencyText)]
    currency: &'a str,
    /// Whether it may be put into carts and ordered.
    active: bool,
    #[doc = "A picture."]
    #[schema(value_type = Option<schemas::UrlText>)]
    image_url: Option<&'a Url>,
    #[schema(value_type = schemas::MetadataMap)]
    metadata: &'a Metadata,
    /// Units that a picker counts.
    on_hand: Count,
    /// Units promised to orders and not shipped.
    reserved: Count,
    /// Units that can be ordered: on hand − reserved.
    available: Count,
    version: Version,
    created_at: Time,
    updated_at: Time,
}

impl<'a> ItemBody<'a> {
    /// The item as it is shown now.
    pub(crate) fn new(app: &'a App, item: &'a StockedItem) -> Self {
        let StockedItem { item, stock } = item;
        Self {
            sku: &item.sku,
            name: &item.name,
            description: item.description.as_ref(),
            unit_price: Amount(item.unit_price),
            currency: app.config.currency.as_str(),
            active: item.active,
            image_url: item.image_url.as_ref(),
            metadata: &item.metadata,
            on_hand: Count(stock.on_hand),
            reserved: Count(stock.reserved),
            available: Count(stock.available()),
            version: Version(stock.version),
            created_at: Time(item.created_at),
            updated_at: Time(stock.updated_at),
        }
    }
}

//! How does an item look to clients? Its description and its counters, as one resource.

use earmark_core::items::StockedItem;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::{
    Amount, Count, CurrencyText, DescriptionText, MetadataMap, NameText, SkuText, UrlText, Version,
};
use crate::state::App;
use crate::time::Time;

/// Something that is sold.
#[derive(Serialize, ToSchema)]
#[schema(as = Item)]
pub(crate) struct ItemBody<'a> {
    /// The merchant's own name of it.
    sku: SkuText<'a>,
    #[doc = "Shown to people."]
    name: NameText<'a>,
    #[doc = "Shown to people."]
    description: Option<DescriptionText<'a>>,
    /// The price of one unit.
    unit_price: Amount,
    currency: CurrencyText<'a>,
    /// Whether it may be put into carts and ordered.
    active: bool,
    #[doc = "A picture."]
    image_url: Option<UrlText<'a>>,
    metadata: MetadataMap<'a>,
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
            sku: SkuText(&item.sku),
            name: NameText(&item.name),
            description: item.description.as_ref().map(DescriptionText),
            unit_price: Amount(item.unit_price),
            currency: CurrencyText(app.config.currency.as_str()),
            active: item.active,
            image_url: item.image_url.as_ref().map(UrlText),
            metadata: MetadataMap(&item.metadata),
            on_hand: Count(stock.on_hand),
            reserved: Count(stock.reserved),
            available: Count(stock.available()),
            version: Version(stock.version),
            created_at: Time(item.created_at),
            updated_at: Time(stock.updated_at),
        }
    }
}

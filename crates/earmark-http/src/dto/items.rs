//! How does an item look to clients? Its description and its counters, as one resource.

use earmark_core::items::StockedItem;
use earmark_core::text::{Description, Metadata, Name, Sku, Url};
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
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
    #[schema(value_type = schemas::Amount)]
    unit_price: i64,
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
    #[schema(value_type = schemas::Count)]
    on_hand: u32,
    /// Units promised to orders and not shipped.
    #[schema(value_type = schemas::Count)]
    reserved: u32,
    /// Units that can be ordered: on hand − reserved.
    #[schema(value_type = schemas::Count)]
    available: u32,
    #[schema(value_type = schemas::Version)]
    version: u64,
    #[schema(value_type = schemas::TimeText)]
    created_at: Time,
    #[schema(value_type = schemas::TimeText)]
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
            unit_price: item.unit_price.minor(),
            currency: app.config.currency.as_str(),
            active: item.active,
            image_url: item.image_url.as_ref(),
            metadata: &item.metadata,
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            available: stock.available(),
            version: stock.version,
            created_at: Time(item.created_at),
            updated_at: Time(stock.updated_at),
        }
    }
}

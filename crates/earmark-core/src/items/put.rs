//! Creates an item, or replaces its description. The counters stay; those of a new item are zero.

use serde::{Deserialize, Serialize};

use super::{Item, Stock, StockedItem};
use crate::event::{EventDraft, Fact};
use crate::text::{Description, Metadata, Name, Sku, Url};
use crate::{Changes, Decision, Keys, Money, Outcome, Rejection, Result, Timestamp, WorkingSet};

/// Create or replace an item. What is `None` becomes empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutItem {
    pub sku: Sku,
    pub name: Name,
    /// The price of one unit.
    pub unit_price: Money,
    pub description: Option<Description>,
    /// Whether it may be ordered; `None` means yes.
    pub active: Option<bool>,
    pub image_url: Option<Url>,
    /// The merchant's own pairs.
    pub metadata: Option<Metadata>,
}

impl PutItem {
    pub(crate) fn needs(&self, rows: &WorkingSet, keys: &mut Keys) {
        keys.need_item(rows, &self.sku);
    }

    pub(crate) fn decide(&self, rows: &WorkingSet, now: Timestamp) -> Result<Decision> {
        if self.unit_price < Money::ZERO {
            return Err(Rejection::invalid("/unit_price", "a price is not negative"));
        }
        let existing = rows.items.find(&self.sku);
        // Refusals end here.
        let stock = match rows.stocks.find(&self.sku) {
            Some(stock) => stock.moved(0, 0, now),
            None => Stock { sku: self.sku.clone(), on_hand: 0, reserved: 0, version: 1, updated_at: now },
        };
        let item = Item {
            sku: self.sku.clone(),
            name: self.name.clone(),
            description: self.description.clone().filter(|text| !text.as_str().is_empty()),
            unit_price: self.unit_price,
            active: self.active.unwrap_or(true),
            image_url: self.image_url.clone(),
            metadata: self.metadata.clone().unwrap_or_default(),
            created_at: existing.map_or(now, |item| item.created_at),
        };
        let created = existing.is_none();
        let fact = if created { Fact::ItemCreated } else { Fact::ItemUpdated };
        let changes = Changes {
            items: vec![item.clone()],
            stocks: vec![stock.clone()],
            events: vec![EventDraft::item(&self.sku, fact)],
            ..Changes::default()
        };
        Ok(Decision { outcome: Outcome::Item { item: StockedItem { item, stock }, created }, changes })
    }
}

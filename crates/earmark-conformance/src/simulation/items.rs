//! Random commands about items and their stock.

use earmark_core::Money;
use earmark_core::command::Action;
use earmark_core::ids::AdjustmentId;
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::money::MINOR_MAX;
use earmark_core::text::{Description, Name, Url};

use super::draws::sku;
use super::{SKUS, Simulation};

const REASONS: [AdjustmentReason; 6] = [
    AdjustmentReason::Received,
    AdjustmentReason::Recount,
    AdjustmentReason::Damaged,
    AdjustmentReason::Lost,
    AdjustmentReason::Returned,
    AdjustmentReason::Correction,
];
const WORDS: [&str; 6] =
    ["Lantern, red", "Mug 100%", "Tea_light", "Crème brûlée set", "ÄPFEL äpfel", "O'Neil \"box\""];

impl Simulation {
    pub(super) fn put_item(&mut self) -> Action {
        let sku = if self.steps <= SKUS { sku(self.steps - 1) } else { self.sku() };
        let minor = match self.random.below(100) {
            0..8 => 0,
            8 => -1,
            9 => MINOR_MAX,
            _ => i64::from(self.between(1, 9_999)),
        };
        let word = self.random.pick(&WORDS).expect("there are words");
        let number = self.random.below(10);
        Action::PutItem(PutItem {
            sku,
            name: Name::parse(&format!("{word} {number}")).expect("a name"),
            unit_price: Money::parse(minor).expect("a price"),
            description: self.random.percent(30).then(|| Description::parse("").expect("a description")),
            active: (!self.random.percent(60)).then(|| self.random.percent(85)),
            image_url: self
                .random
                .percent(20)
                .then(|| Url::parse("https://example.com/a.png").expect("a URL")),
            metadata: self.random.percent(30).then(|| self.metadata()),
        })
    }

    pub(super) fn adjust_stock(&mut self) -> Action {
        let sku = self.sku();
        let change = match self.random.below(10) {
            0..6 => StockChange::By(i64::from(self.between(1, 60))),
            6..8 => StockChange::By(-i64::from(self.between(0, 40))),
            8 => StockChange::To { on_hand: self.between(0, 80), expected_on_hand: None },
            _ => {
                let expected_on_hand = Some(self.between(0, 30));
                StockChange::To { on_hand: self.between(0, 80), expected_on_hand }
            }
        };
        let (id, note) = (AdjustmentId(self.id()), self.note());
        let reason = *self.random.pick(&REASONS).expect("there are reasons");
        Action::AdjustStock(AdjustStock { id, sku, change, reason, note })
    }
}

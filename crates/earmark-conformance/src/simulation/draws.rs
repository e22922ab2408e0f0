//! Random values that actions are made of.

use std::collections::BTreeMap;

use earmark_core::orders::CancelReason;
use earmark_core::text::{CustomerId, Metadata, Name, Note, Sku};

use super::{SKUS, Simulation};

const CUSTOMERS: u64 = 8;

pub(super) const CANCEL_REASONS: [CancelReason; 5] = [
    CancelReason::Customer,
    CancelReason::Inventory,
    CancelReason::Fraud,
    CancelReason::Declined,
    CancelReason::Other,
];

impl Simulation {
    /// A new id of the present time, as a UUIDv7.
    pub(super) fn id(&mut self) -> u128 {
        let millis = u128::from(self.now.0.unsigned_abs() / 1000) & 0xFFFF_FFFF_FFFF;
        let (high, low) = (u128::from(self.random.below(1 << 12)), u128::from(self.random.below(1 << 62)));
        millis << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    }

    pub(super) fn sku(&mut self) -> Sku {
        // A few items are in demand, most are not, and one does not exist.
        let number = match self.random.below(100) {
            0..30 => self.random.below(3),
            30..99 => self.random.below(SKUS),
            _ => SKUS,
        };
        sku(number)
    }

    pub(super) fn customer(&mut self) -> CustomerId {
        let number = self.random.below(CUSTOMERS);
        CustomerId::parse(&format!("customer-{number}")).expect("a customer id")
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.random.between(low.into(), high.into())).expect("it is between two of 32 bits")
    }

    pub(super) fn quantity(&mut self) -> u32 {
        match self.random.below(100) {
            0 => 0,
            1 => 1_000_001,
            2..8 => self.between(10, 60),
            _ => self.between(1, 5),
        }
    }

    pub(super) fn note(&mut self) -> Option<Note> {
        self.random.percent(20).then(|| Note::parse("counted twice, \"sure\"").expect("a note"))
    }

    pub(super) fn metadata(&mut self) -> Metadata {
        let mut pairs = BTreeMap::new();
        if self.random.percent(20) {
            pairs.insert("channel".to_owned(), format!("web-{}", self.random.below(4)));
        }
        Metadata::parse(pairs).expect("metadata")
    }
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// The item of this number. SKUs are in both cases, so that the order of bytes is not that of
/// letters.
pub(super) fn sku(number: u64) -> Sku {
    let text = if number.is_multiple_of(3) { format!("sku-{number}") } else { format!("SKU_{number}.x") };
    Sku::parse(&text).expect("a SKU")
}

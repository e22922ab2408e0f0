//! What is to be placed, by how many connections, and on which servers?

use std::path::PathBuf;

use earmark_random::fresh_seed;
use serde::Serialize;

use crate::error::LoadError;
use crate::nodes::NodesOptions;
use crate::server::Database;

/// The most units that a line has.
pub(super) const QUANTITY_MAX: u64 = 3;

/// The kind of the idempotency keys: what is random in them decides how many pages a batch of the
/// server touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum KeyKind {
    /// UUIDv7: time first, so that new keys lie beside each other.
    UuidV7,
    /// UUIDv4: nothing but chance.
    Random,
}

/// The settings of `bench place`.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceOptions {
    /// The `earmark` binary that serves.
    #[serde(skip)]
    pub earmark: PathBuf,
    /// A database that is given must be empty, and is left as it is afterwards.
    #[serde(skip)]
    pub database: Database,
    /// Where a folder for logs and [`Database::File`] is made and removed afterwards; None: where
    /// temporary files go.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// Servers on the database; connections are spread over them.
    pub nodes: u32,
    pub clients: u32,
    pub orders: u64,
    /// Every order holds the same first SKU.
    pub hot: bool,
    /// The kind of the idempotency keys.
    pub keys: KeyKind,
    /// Orders a second, whether or not earlier ones are answered (open loop); None: each connection
    /// sends its next order when it has its answer (closed loop).
    pub rate: Option<u32>,
    pub skus: u32,
    /// Lines an order, of distinct SKUs.
    pub lines: u32,
    /// Customers, from whom each order's is drawn.
    pub customers: u32,
    /// Orders between two points of the growth curve.
    pub sample_every: u64,
    /// Seed of all chance.
    pub seed: u64,
}

impl Default for PlaceOptions {
    fn default() -> PlaceOptions {
        PlaceOptions {
            earmark: PathBuf::from("earmark"),
            database: Database::File,
            folder: None,
            nodes: 1,
            clients: 256,
            orders: 100_000,
            hot: false,
            keys: KeyKind::UuidV7,
            rate: None,
            skus: 10_000,
            lines: 3,
            customers: 100_000,
            sample_every: 50_000,
            seed: fresh_seed(),
        }
    }
}

impl PlaceOptions {
    /// Units of stock that each SKU starts with: as many as all orders together could take.
    #[must_use]
    pub fn on_hand(&self) -> u64 {
        (self.orders * QUANTITY_MAX).max(1)
    }

    /// The servers to start.
    #[must_use]
    pub(super) fn servers(&self) -> NodesOptions {
        let servers = NodesOptions::new(&self.earmark, self.database.clone(), self.nodes);
        NodesOptions { parent: self.folder.clone(), ..servers }
    }

    /// Refuses settings that make no sense together.
    ///
    /// # Errors
    /// [`LoadError::Options`].
    pub fn check(&self) -> Result<(), LoadError> {
        let wrong = |reason: &str| Err(LoadError::Options(reason.to_owned()));
        if !(1..=4_096).contains(&self.clients) {
            return wrong("clients must be 1 to 4096");
        }
        if !(1..=100_000_000).contains(&self.orders) {
            return wrong("orders must be 1 to 100,000,000");
        }
        if !(1..=999_999).contains(&self.skus) {
            return wrong("skus must be 1 to 999,999");
        }
        if !(1..=500).contains(&self.lines) || self.lines * 2 > self.skus.max(2) {
            return wrong("lines must be 1 to 500, and at most half as many as there are SKUs");
        }
        if self.customers == 0 || self.sample_every == 0 || self.rate == Some(0) {
            return wrong("customers, sample_every and rate must be above 0");
        }
        self.servers().check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_possible_and_nonsense_is_refused() {
        PlaceOptions::default().check().unwrap();
        let wrong = [
            PlaceOptions { clients: 0, ..PlaceOptions::default() },
            PlaceOptions { orders: 0, ..PlaceOptions::default() },
            PlaceOptions { lines: 3, skus: 3, ..PlaceOptions::default() },
            PlaceOptions { rate: Some(0), ..PlaceOptions::default() },
            PlaceOptions { nodes: 2, ..PlaceOptions::default() },
        ];
        for options in wrong {
            assert!(options.check().is_err(), "{options:?}");
        }
    }
}

//! Which items need not be read again? Those that this node has read or written, for as long as no
//! other node has written anything.
//!
//! Invariant: every item in the cache is as it was when the last event had the number `as_of`. This
//! holds because whatever changes an item or its counters also writes an event: a save without one
//! is refused, and a migration that rewrites items has to write one. Each turn reads the number of
//! the last event under its lock. If it is still `as_of`, the cache is right; if not, the cache is
//! emptied.
//!
//! Each session has a cache of its own, because after a failover the same number may stand for
//! other rows. Every error empties it too: what was refused for its version must be decided again
//! on what is stored. The versions protect all that is saved even if the cache were wrong. A
//! rejection saves nothing, so it relies on this invariant alone.

use std::collections::{HashMap, HashSet};
use std::mem::size_of;
use std::sync::Arc;

use earmark_core::text::{Description, Sku, Url};
use earmark_core::{BatchChanges, Item, Stock, WorkingSet};

use crate::protections::Protections;

/// The most bytes that the cache takes, by estimate: some 100,000 items with short texts. When they
/// are exceeded, it is emptied.
const BYTES_MAX: usize = 64 << 20;
/// What an item takes besides its texts: the rows, the SKU as the key, what the allocator and the
/// map add.
const ITEM_BYTES: usize = size_of::<Item>() + size_of::<Stock>() + 4 * size_of::<Sku>() + 128;
/// What a pair of metadata takes besides its texts.
const PAIR_BYTES: usize = 2 * size_of::<String>() + 16;

/// An item and its counters, shared with the batches that see them.
pub(crate) type SharedItem = (Arc<Item>, Arc<Stock>);

/// The items of one session.
#[derive(Debug)]
pub(crate) struct ItemCache {
    items: HashMap<Sku, SharedItem>,
    /// The number of the last event that the cache knows of; `None` before the first turn and after
    /// an error.
    as_of: Option<u64>,
    bytes: usize,
    bytes_max: usize,
    /// Whether it is emptied when another node has written. A proof turns that off.
    stays_fresh: bool,
}

impl ItemCache {
    /// An empty one. It stays empty where the number of the last event does not tell whether other
    /// nodes have written.
    pub(crate) fn new(is_distributed: bool, protections: Protections) -> Self {
        // Where tables are spread over machines, the number of the last event may become visible
        // before the other rows of its commit. Without turns it is not read under a lock.
        let is_usable = !is_distributed && protections.turns;
        let bytes_max = if is_usable { BYTES_MAX } else { 0 };
        Self { items: HashMap::new(), as_of: None, bytes: 0, bytes_max, stays_fresh: protections.fresh_items }
    }

    /// Called within a turn with the number of the last event. Empties the cache if another node
    /// has written since, and gives whether none has.
    pub(crate) fn check(&mut self, last_sequence: u64) -> bool {
        let is_fresh = self.as_of == Some(last_sequence);
        if !is_fresh && self.stays_fresh {
            self.clear();
        }
        self.as_of = Some(last_sequence);
        is_fresh
    }

    /// Whether it has this item.
    pub(crate) fn has(&self, sku: &Sku) -> bool {
        self.items.contains_key(sku)
    }

    /// Puts those of these items that it has into `rows`.
    pub(crate) fn put(&self, skus: &HashSet<Sku>, rows: &mut WorkingSet) {
        for (sku, (item, stock)) in skus.iter().filter_map(|sku| self.items.get_key_value(sku)) {
            rows.items.put_shared(sku, Arc::clone(item));
            rows.stocks.put_shared(sku, Arc::clone(stock));
        }
    }

    /// Adds items that were read in this turn.
    pub(crate) fn add(&mut self, found: &[SharedItem]) {
        for (item, stock) in found {
            self.insert(Arc::clone(item), Arc::clone(stock));
        }
    }

    /// Adds what a batch of this node has changed, once that is committed. An item never changes
    /// without its stock, which has the version of both.
    pub(crate) fn add_committed(&mut self, changes: &BatchChanges) {
        let stocks = || changes.stocks.iter().filter_map(|change| change.after.as_ref());
        for stock in stocks() {
            if let Some((_, known)) = self.items.get_mut(&stock.sku) {
                *known = Arc::clone(stock);
            }
        }
        for item in changes.items.iter().filter_map(|change| change.after.as_ref()) {
            if let Some(stock) = stocks().find(|stock| stock.sku == item.sku) {
                self.insert(Arc::clone(item), Arc::clone(stock));
            }
        }
        if let Some(last) = changes.events.last() {
            self.as_of = Some(last.sequence);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
        self.as_of = None;
    }

    fn insert(&mut self, item: Arc<Item>, stock: Arc<Stock>) {
        self.bytes += bytes(&item);
        if let Some((before, _)) = self.items.insert(item.sku.clone(), (item, stock)) {
            self.bytes -= bytes(&before);
        }
        if self.bytes > self.bytes_max {
            self.items.clear();
            self.bytes = 0;
        }
    }
}

/// An estimate of the bytes that an item takes.
fn bytes(item: &Item) -> usize {
    let description = item.description.as_ref().map_or(0, |text| Description::as_str(text).len());
    let image_url = item.image_url.as_ref().map_or(0, |text| Url::as_str(text).len());
    let pairs = item.metadata.pairs().iter().map(|(key, value)| key.len() + value.len() + PAIR_BYTES);
    ITEM_BYTES
        + 3 * item.sku.as_str().len()
        + item.name.as_str().len()
        + description
        + image_url
        + pairs.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use earmark_core::text::{Metadata, Name};
    use earmark_core::{Change, Fact, Money, Timestamp};

    use super::*;

    fn item(text: &str, description: Option<&str>) -> SharedItem {
        let sku = Sku::parse(text).unwrap();
        let item = Item {
            sku: sku.clone(),
            name: Name::parse("thing").unwrap(),
            description: description.map(|text| Description::parse(text).unwrap()),
            unit_price: Money::parse(100).unwrap(),
            active: true,
            image_url: None,
            metadata: Metadata::default(),
            created_at: Timestamp(0),
        };
        let stock = Stock { sku, on_hand: 5, reserved: 0, version: 1, updated_at: Timestamp(0) };
        (Arc::new(item), Arc::new(stock))
    }

    fn on_hand(cache: &ItemCache, text: &str) -> Option<u32> {
        let (mut rows, sku) = (WorkingSet::default(), Sku::parse(text).unwrap());
        cache.put(&HashSet::from([sku.clone()]), &mut rows);
        rows.stocks.knows(&sku).then(|| rows.stocks.find(&sku).unwrap().on_hand)
    }

    /// A batch that gives an item so many units, and whose event has this number.
    fn batch(text: &str, on_hand: u32, sequence: u64, is_new: bool) -> BatchChanges {
        let (item, stock) = item(text, None);
        let stock = Stock { on_hand, ..Stock::clone(&stock) };
        let event = earmark_core::Event {
            sequence,
            at: Timestamp(0),
            actor: earmark_core::Actor::Operator,
            order_id: None,
            sku: Some(item.sku.clone()),
            fact: Fact::ItemUpdated,
        };
        BatchChanges {
            items: if is_new { vec![Change { before: None, after: Some(item) }] } else { Vec::new() },
            stocks: vec![Change { before: None, after: Some(Arc::new(stock)) }],
            events: vec![event],
            ..BatchChanges::default()
        }
    }

    #[test]
    fn it_holds_while_the_last_event_is_the_one_that_we_know() {
        let mut cache = ItemCache::new(false, Protections::default());
        assert!(!cache.check(0), "the first number is not known yet");
        cache.add(&[item("A", None)]);
        assert!(cache.check(0), "the last batch changed nothing");
        cache.add_committed(&batch("A", 6, 1, false));
        assert!(cache.check(1));
        assert_eq!(on_hand(&cache, "A"), Some(6));
        cache.add_committed(&batch("B", 7, 2, true));
        assert!(cache.check(2));
        assert_eq!((on_hand(&cache, "A"), on_hand(&cache, "B")), (Some(6), Some(7)));
        cache.add_committed(&batch("C", 8, 3, false));
        assert_eq!(on_hand(&cache, "C"), None, "its description is not known");
        assert!(!cache.check(4), "another node has written");
        assert_eq!((on_hand(&cache, "A"), on_hand(&cache, "B")), (None, None));
        cache.add(&[item("A", None)]);
        cache.clear();
        assert_eq!(on_hand(&cache, "A"), None);
        assert!(!cache.check(4), "the number is forgotten as well");
    }

    #[test]
    fn it_keeps_nothing_where_a_commit_is_not_seen_all_at_once() {
        let all = Protections::default();
        let without_turns = Protections { turns: false, ..all };
        for (is_distributed, protections) in [(false, without_turns), (true, all)] {
            let mut cache = ItemCache::new(is_distributed, protections);
            cache.check(0);
            cache.add(&[item("A", None)]);
            assert_eq!(on_hand(&cache, "A"), None, "{protections:?}");
        }
    }

    #[test]
    fn it_has_a_bound_and_an_item_counts_once() {
        let mut cache = ItemCache { bytes_max: 10_000, ..ItemCache::new(false, Protections::default()) };
        let long = "x".repeat(1_000);
        for _ in 0..100 {
            cache.add(&[item("A", Some(&long))]);
        }
        assert!(on_hand(&cache, "A").is_some());
        let bytes = cache.bytes;
        for number in 0..100 {
            cache.add(&[item(&format!("B{number}"), Some(&long))]);
            assert!(cache.bytes <= 10_000 && cache.items.len() < 10);
        }
        assert!(on_hand(&cache, "A").is_none(), "it was emptied on the way");
        cache.clear();
        cache.add(&[item("A", Some(&long))]);
        assert_eq!(cache.bytes, bytes);
    }
}

//! Which items need not be read again? Those that this node has read or written, as long as nobody else has written anything.
//!
//! Invariant: all that is here was so when the last event had the number `as_of`. A batch that changes an item or its counters writes events, a save refuses
//! one that has none (and a migration that rewrites items has to write one), and the number of the last one is read under the lock of the turn: while it is
//! `as_of`, nothing has changed; when it is another, all is forgotten. A session has a cache of its own, since after a failover the same number may stand for
//! other rows. After an error all is forgotten as well: what a save refused for its versions must be decided again on what is stored. Those versions stay, as
//! a second net under everything that is saved; a refusal, which saves nothing, has this invariant alone.

use std::collections::{HashMap, HashSet};
use std::mem::size_of;
use std::sync::Arc;

use earmark_core::items::{Item, Stock};
use earmark_core::text::{Description, Sku, Url};
use earmark_core::{BatchChanges, WorkingSet};

use crate::error::BrokenOnPurpose;

/// The most bytes that are kept, by estimate: some 100,000 items with short texts. When they are exceeded, all is forgotten.
const BYTES_MAX: usize = 64 << 20;
/// What an item takes beside its texts: the rows, the name under which they are found, what the allocator and the map add.
const ITEM_BYTES: usize = size_of::<Item>() + size_of::<Stock>() + 4 * size_of::<Sku>() + 128;
/// What a pair of metadata takes beside its texts.
const PAIR_BYTES: usize = 2 * size_of::<String>() + 16;

/// An item and its counters, shared with the batches that see them.
pub(crate) type SharedItem = (Arc<Item>, Arc<Stock>);

/// The items of one session.
#[derive(Debug)]
pub(crate) struct ItemCache {
    items: HashMap<Sku, SharedItem>,
    /// The number of the last event; `None` while nobody has asked.
    as_of: Option<u64>,
    bytes: usize,
    bytes_max: usize,
    broken: Option<BrokenOnPurpose>,
}

impl ItemCache {
    pub(crate) fn new(is_distributed: bool, broken: Option<BrokenOnPurpose>) -> Self {
        // Where tables are spread over machines, the number of the last event may be seen before the other rows of its commit are. Where nodes do not
        // take turns, on purpose, it says nothing.
        let holds = !is_distributed && BrokenOnPurpose::takes_turns(broken);
        let bytes_max = if holds { BYTES_MAX } else { 0 };
        Self { items: HashMap::new(), as_of: None, bytes: 0, bytes_max, broken }
    }

    /// Called with the turn: the last event has this number. Gives whether it is the one that we know, so that nobody else has written.
    pub(crate) fn hold_at(&mut self, last_sequence: u64) -> bool {
        let undisturbed = self.as_of == Some(last_sequence);
        if !undisturbed && self.broken != Some(BrokenOnPurpose::StaleItems) {
            self.forget();
        }
        self.as_of = Some(last_sequence);
        undisturbed
    }

    /// Whether it has this item.
    pub(crate) fn knows(&self, sku: &Sku) -> bool {
        self.items.contains_key(sku)
    }

    /// Puts those of these items that it has into `rows`.
    pub(crate) fn put(&self, skus: &HashSet<Sku>, rows: &mut WorkingSet) {
        for (sku, (item, stock)) in skus.iter().filter_map(|sku| self.items.get_key_value(sku)) {
            rows.items.put_shared(sku, Arc::clone(item));
            rows.stocks.put_shared(sku, Arc::clone(stock));
        }
    }

    /// Takes in what was read in this turn.
    pub(crate) fn read(&mut self, found: &[SharedItem]) {
        for (item, stock) in found {
            self.insert(Arc::clone(item), Arc::clone(stock));
        }
    }

    /// Takes in what a batch of ours has changed, once that is committed. An item never changes without its stock, which has the version of both.
    pub(crate) fn committed(&mut self, changes: &BatchChanges) {
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

    /// Forgets all.
    pub(crate) fn forget(&mut self) {
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

/// An estimate of what an item takes.
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
        let mut cache = ItemCache::new(false, None);
        assert!(!cache.hold_at(0), "nobody knows yet");
        cache.read(&[item("A", None)]);
        assert!(cache.hold_at(0), "the last batch changed nothing");
        cache.committed(&batch("A", 6, 1, false));
        assert!(cache.hold_at(1));
        assert_eq!(on_hand(&cache, "A"), Some(6));
        cache.committed(&batch("B", 7, 2, true));
        assert!(cache.hold_at(2));
        assert_eq!((on_hand(&cache, "A"), on_hand(&cache, "B")), (Some(6), Some(7)));
        cache.committed(&batch("C", 8, 3, false));
        assert_eq!(on_hand(&cache, "C"), None, "its description is not known");
        assert!(!cache.hold_at(4), "somebody else has written");
        assert_eq!((on_hand(&cache, "A"), on_hand(&cache, "B")), (None, None));
        cache.read(&[item("A", None)]);
        cache.forget();
        assert_eq!(on_hand(&cache, "A"), None);
        assert!(!cache.hold_at(4), "what it was right for is forgotten as well");
    }

    #[test]
    fn it_keeps_nothing_where_a_commit_is_not_seen_all_at_once() {
        let without_turns =
            [BrokenOnPurpose::Turns, BrokenOnPurpose::TurnsAndVersions, BrokenOnPurpose::EventNumbers];
        let broken = without_turns.map(|broken| (false, Some(broken)));
        for (is_distributed, broken) in broken.into_iter().chain([(true, None)]) {
            let mut cache = ItemCache::new(is_distributed, broken);
            cache.hold_at(0);
            cache.read(&[item("A", None)]);
            assert_eq!(on_hand(&cache, "A"), None, "{broken:?}");
        }
    }

    #[test]
    fn it_has_a_bound_and_an_item_counts_once() {
        let mut cache = ItemCache { bytes_max: 10_000, ..ItemCache::new(false, None) };
        let long = "x".repeat(1_000);
        for _ in 0..100 {
            cache.read(&[item("A", Some(&long))]);
        }
        assert!(on_hand(&cache, "A").is_some());
        let bytes = cache.bytes;
        for number in 0..100 {
            cache.read(&[item(&format!("B{number}"), Some(&long))]);
            assert!(cache.bytes <= 10_000 && cache.items.len() < 10);
        }
        assert!(on_hand(&cache, "A").is_none(), "all was forgotten on the way");
        cache.forget();
        cache.read(&[item("A", Some(&long))]);
        assert_eq!(cache.bytes, bytes);
    }
}

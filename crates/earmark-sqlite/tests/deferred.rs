//! Do the deferred indexes give what plain maps would, at any point of their merging, and after any
//! restart?
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::{BTreeMap, HashMap};

use common::{NOW, Shop, command, customer, order_id, place, small};
use earmark_core::idempotency::{KeptAnswer, purge::PurgeIdempotencyKeys};
use earmark_core::ids::OrderId;
use earmark_core::{Action, Keys, Span, Timestamp, WorkingSet};
use earmark_random::Random;
use earmark_store::{Engine, OrderFilter, Queries};

const CUSTOMERS: u64 = 7;

/// What plain maps would hold.
#[derive(Default)]
struct Model {
    customers: HashMap<u64, Vec<OrderId>>,
    keys: BTreeMap<u128, OrderId>,
}

impl Model {
    fn place(&mut self, random: &mut Random) -> earmark_core::Command {
        let (id, number, key) = (order_id(random), random.below(CUSTOMERS), random.next_u128());
        self.customers.entry(number).or_default().push(id);
        self.keys.insert(key, id);
        place(id, &[(0, 1)], Some(customer(number)), Some(key))
    }

    async fn check(&mut self, shop: &mut Shop, random: &mut Random) {
        let number = random.below(CUSTOMERS);
        let expected = self.customers.entry(number).or_default();
        expected.sort_unstable_by(|left, right| right.cmp(left));
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let filter =
                OrderFilter { customer_id: Some(customer(number)), before, ..OrderFilter::default() };
            let page = shop.queries.list_orders(&filter, 5).await.unwrap();
            before = page.rows.last().map(|order| order.id);
            seen.extend(page.rows.iter().map(|order| order.id));
            if !page.more {
                break;
            }
        }
        assert_eq!(&seen, expected, "customer {number}");
        self.check_keys(shop, random);
    }

    fn check_keys(&self, shop: &mut Shop, random: &mut Random) {
        let strange = random.next_u128();
        let wanted: Vec<u128> = self.keys.keys().copied().chain([strange]).collect();
        let keys =
            Keys { idempotency: wanted.iter().map(|key| key.to_be_bytes()).collect(), ..Keys::default() };
        let mut rows = WorkingSet::default();
        shop.engine.begin(&keys, &mut rows, &mut ()).unwrap();
        shop.engine.rollback();
        for key in wanted {
            let found = rows.idempotency.find(&key.to_be_bytes()).map(|record| record.answer.clone());
            assert_eq!(found, self.keys.get(&key).map(|id| KeptAnswer::Placed(*id)), "key {key:x}");
        }
    }
}

/// Deletes all keys made before the clock's time.
async fn purge(shop: &mut Shop, model: &mut Model, most: usize) {
    let sweep = shop.queries.sweep_idempotency_keys(None, Timestamp(NOW.0 + 1), most).await.unwrap();
    for digest in &sweep.expired {
        assert!(model.keys.remove(&u128::from_be_bytes(*digest)).is_some(), "only what is there expires");
    }
    let purge = PurgeIdempotencyKeys { digests: sweep.expired, kept: Span::from_seconds(0) };
    shop.run(&[command(Action::PurgeIdempotencyKeys(purge), None)]);
}

#[tokio::test]
async fn deferred_indexes_agree_with_plain_maps_at_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    for seed in 0..4 {
        let path = path.with_extension(seed.to_string());
        let (mut shop, mut random, mut model) =
            (Shop::open(&path, small()), Random::new(seed), Model::default());
        shop.stock(1);
        for _ in 0..60 {
            match random.below(10) {
                0 => {
                    drop(shop);
                    shop = Shop::open(&path, small());
                }
                1 => purge(&mut shop, &mut model, 9).await,
                2 => {
                    let lost =
                        place(order_id(&mut random), &[(0, 1)], Some(customer(1)), Some(random.next_u128()));
                    shop.decide(&[lost]);
                    shop.engine.rollback();
                }
                _ => {
                    let count = 1 + random.below(8);
                    let batch: Vec<_> = (0..count).map(|_| model.place(&mut random)).collect();
                    shop.run(&batch);
                }
            }
            model.check(&mut shop, &mut random).await;
        }
        let report = shop.queries.verify().await.unwrap();
        assert_eq!(report.breaches, Vec::<String>::new());
    }
}

#[test]
fn a_key_that_was_deleted_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut shop, mut random) = (Shop::open(&folder.path().join("shop.db"), small()), Random::new(3));
    shop.stock(1);
    for _ in 0..50 {
        shop.run(&[place(order_id(&mut random), &[(0, 1)], None, Some(77))]);
        let purge =
            PurgeIdempotencyKeys { digests: vec![77_u128.to_be_bytes()], kept: Span::from_seconds(0) };
        shop.run(&[command(Action::PurgeIdempotencyKeys(purge), None)]);
        // Other keys push it through the generations.
        shop.run(&[place(order_id(&mut random), &[(0, 1)], None, Some(random.next_u128()))]);
    }
}

fn index_entries(path: &std::path::Path) -> i64 {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.query_row("SELECT count(*) FROM idempotency_index", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn entries_of_deleted_keys_are_swept_out_of_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let (mut shop, mut random, mut model) = (Shop::open(&path, small()), Random::new(9), Model::default());
    shop.stock(1);
    for _ in 0..20 {
        let batch: Vec<_> = (0..250).map(|_| model.place(&mut random)).collect();
        shop.run(&batch);
    }
    assert!(index_entries(&path) > 4_500, "they are in the index");
    while !model.keys.is_empty() {
        purge(&mut shop, &mut model, 1_000).await;
    }
    for _ in 0..20 {
        let batch: Vec<_> = (0..10).map(|_| model.place(&mut random)).collect();
        shop.run(&batch);
    }
    assert!(index_entries(&path) <= 200, "{} are left", index_entries(&path));
    model.check_keys(&mut shop, &mut random);
}

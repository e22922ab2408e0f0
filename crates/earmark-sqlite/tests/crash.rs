//! Is everything that was committed there after a crash, and nothing else? The files are copied as
//! a crash would leave them, while the engine runs.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use common::{Shop, customer, order_id, place, small};
use earmark_core::ids::OrderId;
use earmark_random::Random;
use earmark_store::{Engine, OrderFilter, Pace, Queries};

/// The database and its WAL as they are now. The lock is left out, and so is the index of the WAL,
/// which is made anew.
fn copy(path: &Path, name: &str) -> PathBuf {
    let copied = path.with_file_name(name);
    std::fs::copy(path, &copied).unwrap();
    let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    std::fs::copy(wal(path), wal(&copied)).unwrap();
    copied
}

async fn ids(shop: &Shop) -> Vec<OrderId> {
    let filter = OrderFilter { customer_id: Some(customer(1)), ..OrderFilter::default() };
    let page = shop.queries.list_orders(&filter, 1_000).await.unwrap();
    page.rows.iter().map(|order| order.id).collect()
}

#[tokio::test]
async fn a_crash_at_any_batch_keeps_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let (mut shop, mut random, mut placed) = (Shop::open(&path, small()), Random::new(1), Vec::new());
    shop.stock(5);
    for batch in 0..60 {
        let id = order_id(&mut random);
        shop.run(&[place(
            id,
            &[(batch % 5, 1), ((batch + 1) % 5, 2)],
            Some(customer(1)),
            Some(random.next_u128()),
        )]);
        placed.push(id);
        if batch % 7 == 0 {
            shop.engine.maintain(Pace::Idle).unwrap();
        }
        if batch % 5 == 0 {
            let copied = Shop::open(&copy(&path, &format!("crash-{batch}.db")), small());
            placed.sort_unstable_by(|left, right| right.cmp(left));
            assert_eq!(ids(&copied).await, placed, "after batch {batch}");
            let report = copied.queries.verify().await.unwrap();
            assert_eq!(report.breaches, Vec::<String>::new(), "after batch {batch}");
        }
    }
}

#[tokio::test]
async fn a_crash_before_the_commit_keeps_nothing_of_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let (mut shop, mut random) = (Shop::open(&path, small()), Random::new(2));
    shop.stock(1);
    let changes = shop.decide(&[place(order_id(&mut random), &[(0, 1)], Some(customer(1)), None)]);
    let copied = Shop::open(&copy(&path, "before.db"), small());
    assert_eq!(ids(&copied).await, []);
    shop.engine.commit(&changes, &mut ()).unwrap();
    let copied = Shop::open(&copy(&path, "after.db"), small());
    assert_eq!(ids(&copied).await.len(), 1, "the same copy after the commit has it");
}

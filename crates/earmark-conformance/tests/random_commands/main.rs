//! Do the rules hold whatever is asked, in whatever order, at whatever time?
//!
//! Random logs of commands, decided in batches on the store in memory; after each step every promise of the contract that a machine can check is
//! checked. A failure prints its seed: run it again with `EARMARK_SEED=… EARMARK_STEPS=… cargo test -p earmark-conformance --test random_commands`.

mod controls;
mod events;
mod faults;
mod keys;
mod ledger;
mod money;
mod orders;
mod run;
mod stock;
mod stored;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use earmark_core::Fact;
use earmark_core::orders::OrderStatus;
use run::Run;

/// Seeds of a run without `EARMARK_SEED`.
const SEEDS: u64 = 10;
/// Steps of each.
const STEPS: u64 = 21_000;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// What all runs together have met, by name.
type Met = BTreeMap<String, u64>;

fn run_seeds(seeds: &[u64], steps: u64) -> Met {
    let next = AtomicU64::new(0);
    let work = || {
        let mut met = Met::new();
        while let Some(seed) =
            seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("small"))
        {
            let run = Run::fresh(*seed).go(steps).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
            run.met.into_iter().for_each(|(name, count)| *met.entry(name).or_default() += count);
        }
        met
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let mut met = Met::new();
        for worker in workers {
            let part = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            part.into_iter().for_each(|(name, count)| *met.entry(name).or_default() += count);
        }
        met
    })
}

#[test]
fn the_rules_hold_for_random_commands() {
    let steps = setting("EARMARK_STEPS").unwrap_or(STEPS);
    if let Some(seed) = setting("EARMARK_SEED") {
        run_seeds(&[seed], steps);
        return;
    }
    let met = run_seeds(&(1..=SEEDS).collect::<Vec<_>>(), steps);
    // A log that never gets anywhere proves nothing: everything there is must have come up.
    let statuses = OrderStatus::ALL.map(OrderStatus::as_str);
    let rejections = [
        "idempotency_key_reused",
        "not_found",
        "version_mismatch",
        "invalid_request",
        "already_exists",
        "cart_empty",
        "invalid_transition",
        "item_inactive",
        "price_changed",
        "payment_settled",
        "refund_exceeds_captured",
        "insufficient_stock",
        "stock_below_reserved",
        "stock_mismatch",
        "payment_in_progress",
        "already_paid",
        "amount_mismatch",
    ];
    for name in
        Fact::TYPES.iter().chain(&statuses).chain(&rejections).chain(&["replayed", "dry run", "purged"])
    {
        assert!(met.get(*name).is_some_and(|count| *count >= 10), "{name} hardly came up: {met:#?}");
    }
}

//! Do the rules hold for all commands, in any order, at any time?
//!
//! Random logs of commands are decided in batches on the store in memory. After each command, every
//! promise of the contract that a machine can check is checked. A failure prints its seed. With it
//! the run can be repeated:
//!
//! `EARMARK_SEED=7 EARMARK_COMMANDS=21000 cargo test -p earmark-conformance --test random_commands`
//!
//! Start reading at `run.rs`; the other files hold the checks.

mod batch;
mod events;
mod faulty_store;
mod keys;
mod ledger;
mod money;
mod negative_controls;
mod orders;
mod run;
mod stock;
mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use earmark_core::Fact;
use earmark_core::orders::OrderStatus;
use run::Run;

/// The number of seeds without `EARMARK_SEED`.
const SEEDS: u64 = 10;
/// Commands of each seed without `EARMARK_COMMANDS`.
const COMMANDS: u64 = 21_000;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// How often each kind of event, status, rejection and answer came up in all runs together.
type Met = BTreeMap<String, u64>;

fn run_seeds(seeds: &[u64], commands: u64) -> Met {
    let next = AtomicU64::new(0);
    let work = || {
        let mut met = Met::new();
        while let Some(seed) =
            seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("small"))
        {
            let run = Run::in_memory(*seed).go(commands).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
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
    let commands = setting("EARMARK_COMMANDS").unwrap_or(COMMANDS);
    if let Some(seed) = setting("EARMARK_SEED") {
        run_seeds(&[seed], commands);
        return;
    }
    let met = run_seeds(&(1..=SEEDS).collect::<Vec<_>>(), commands);
    // Logs in which something never happens prove nothing about it, so everything must have come
    // up.
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

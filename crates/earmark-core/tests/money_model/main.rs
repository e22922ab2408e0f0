//! Can money be lost or taken twice, in whatever order things happen?
//!
//! All states of one order, its payments and refunds, a gateway, and nodes that crash are explored.
//! The rules are the real ones. Each mistake that must not be made is also made once on purpose,
//! and an invariant must break.

#![expect(clippy::unwrap_used, reason = "tests")]

mod model;
mod properties;
mod shop;

use model::{Mistake, World};
use stateright::{Checker, Model};

const SOUND: World = World { nodes: 1, payments_max: 2, cancellations_max: 2, mistake: None };

#[track_caller]
fn explore(world: World) {
    let checker = world.checker().threads(2).spawn_bfs().join();
    println!("{world:?}: {} states, {} deep", checker.unique_state_count(), checker.max_depth());
    assert!(checker.is_done());
    for property in properties::ALWAYS {
        checker.assert_no_discovery(property);
    }
    // Every property that must hold sometimes did. With one payment there is no second try.
    let sometimes = world.properties().len() - properties::ALWAYS.len();
    let missing = usize::from(world.payments_max < 2);
    assert_eq!(checker.discoveries().len(), sometimes - missing, "{:?}", checker.discoveries().keys());
}

#[test]
fn one_node_with_two_payments_and_two_cancellations_keeps_every_invariant() {
    explore(SOUND);
}

#[test]
fn two_nodes_that_call_at_once_keep_every_invariant() {
    explore(World { nodes: 2, payments_max: 1, ..SOUND });
}

#[test]
fn every_mistake_is_seen() {
    for mistake in [Mistake::NewKeyOnRetry, Mistake::SilenceIsFailure, Mistake::EffectBeforeIntent] {
        let world = World { cancellations_max: 0, mistake: Some(mistake), ..SOUND };
        let checker = world.checker().threads(2).spawn_bfs().join();
        let found = checker.discoveries();
        let broken: Vec<_> = properties::ALWAYS.into_iter().filter(|name| found.contains_key(name)).collect();
        println!("{mistake:?} breaks {broken:?}");
        assert!(!broken.is_empty(), "{mistake:?} went unseen");
    }
}

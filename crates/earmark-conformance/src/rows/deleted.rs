//! Are deleted rows gone, even when they are made or used again in the same batch?

use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::command::Action;
use earmark_core::idempotency::purge::PurgeIdempotencyKeys;
use earmark_core::ids::CartId;
use earmark_core::{Rejection, Span, Timestamp};

use crate::commands::{adjust, cart, command, keyed, put, sku};
use crate::harness::Harness;

pub(crate) fn deleted_carts_are_gone(harness: &mut Harness) {
    let delete = |id, due| command(Action::DeleteCart(DeleteCart { cart_id: CartId(id), due }));
    harness.must(cart(1));
    harness.must(cart(2));
    harness.must(delete(1, Due::IfExpired));
    assert!(harness.read(|queries| queries.find_cart(CartId(1))).is_some(), "not yet");
    harness.must(delete(1, Due::Now));
    assert_eq!(harness.read(|queries| queries.find_cart(CartId(1))), None);
    assert_eq!(harness.run(delete(1, Due::Now)), Err(Rejection::NotFound));
    harness.check();
    // A cart that is made and deleted in one batch is never stored.
    let now = harness.now;
    let decided = harness.run_batch(&[(cart(3), now), (delete(3, Due::Now), now)]);
    assert!(decided.iter().all(Result::is_ok));
    assert_eq!(harness.read(|queries| queries.find_cart(CartId(3))), None);
    harness.must(cart(1));
    harness.check();
}

pub(crate) fn purged_keys_are_free_again(harness: &mut Harness) {
    harness.must(put("a"));
    harness.must(keyed(adjust("a", 1), 1));
    harness.must(keyed(adjust("a", 1), 2));
    let purge = |digests| {
        command(Action::PurgeIdempotencyKeys(PurgeIdempotencyKeys { digests, kept: Span::from_seconds(60) }))
    };
    harness.must(purge(vec![[1; 16], [2; 16]]));
    assert_eq!(harness.model.idempotency.len(), 2, "they are too young");
    let late = Timestamp(harness.now.0 + 60_000_000);
    // One batch purges the key and uses it again.
    let decided =
        harness.run_batch(&[(purge(vec![[1; 16], [9; 16]]), late), (keyed(adjust("a", 5), 1), late)]);
    assert!(decided.iter().flatten().all(|answer| !answer.replayed));
    harness.check();
    assert_eq!(harness.model.stocks[&sku("a")].on_hand, 7);
    let decided = harness.run_batch(&[(purge(vec![[2; 16]]), late)]);
    assert!(decided[0].is_ok());
    assert_eq!(harness.model.idempotency.len(), 1);
    harness.check();
    assert!(harness.must(keyed(adjust("a", 5), 1)).replayed, "the new use is kept");
    assert!(!harness.must(keyed(adjust("a", 1), 2)).replayed, "the old use is forgotten");
    harness.check();
}

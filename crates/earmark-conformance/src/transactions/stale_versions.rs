//! Is a change refused when another batch has changed its row since it was loaded?

use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::command::Action;
use earmark_core::ids::{CartId, KeyId};
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::{BatchChanges, Command};

use super::{fill, must_refuse};
use crate::commands::{add, adjust, cancel, command, confirm, put, units};
use crate::harness::Harness;

/// Decides a command on the rows as they are, then runs another one before it is committed.
fn overtaken(harness: &mut Harness, late: Command, first: Command) -> BatchChanges {
    let now = harness.now;
    let (changes, decided) = harness.prepare(&[(late, now)]);
    assert!(decided[0].is_ok(), "the late command is right: {:?}", decided[0]);
    harness.engine.rollback();
    harness.must(first);
    changes
}

pub(crate) fn are_refused(harness: &mut Harness) {
    fill(harness);
    let stale = overtaken(harness, adjust("a", 1), adjust("a", 2));
    must_refuse(harness, "stock of an old version", stale);
    let stale = overtaken(harness, put("a"), adjust("a", 1));
    must_refuse(harness, "an item whose stock has an old version", stale);
    let stale = overtaken(harness, add(1, "a", 1), add(1, "b", 1));
    must_refuse(harness, "a cart of an old version", stale);
    let some = || cancel(2, Some(vec![units("b", 1)]), 1);
    let stale = overtaken(harness, confirm(2), some());
    must_refuse(harness, "an order of an old version", stale);
    let stale = overtaken(harness, some(), confirm(2));
    must_refuse(harness, "an order of an old version, with its stock as loaded", stale);
    let revoke = || command(Action::RevokeKey(RevokeKey { id: KeyId(5) }));
    let stale = overtaken(harness, revoke(), revoke());
    must_refuse(harness, "an API key of an old version", stale);
    let delete = || command(Action::DeleteCart(DeleteCart { cart_id: CartId(1), due: Due::Now }));
    let stale = overtaken(harness, delete(), add(1, "b", 1));
    must_refuse(harness, "a deleted cart of an old version", stale);
    let stale = overtaken(harness, add(1, "b", 1), delete());
    must_refuse(harness, "a change of a cart that is gone", stale);
}
